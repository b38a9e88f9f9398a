import type { Config } from '../../io/config.ts'

/** Why an exchange cannot be paused or resumed. */
export type Refusal = { readonly refusal: string }

/** The configuration without an exchange, and without the conversions that it alone has; the same object if it has none. */
export function withoutExchange(config: Config, exchange: string): Config | Refusal {
  const rest = Object.entries(config.exchanges).filter(([name]) => name !== exchange)
  if (rest.length === Object.keys(config.exchanges).length) return config
  if (rest.length === 0) return { refusal: `${exchange} is the only exchange` }
  const exchanges = Object.fromEntries(rest)
  const lost = config.inverses.find((symbol) => !hasSymbol(exchanges, symbol))
  if (lost !== undefined) return { refusal: `${exchange} alone has the inverse ${lost}, which only a start can change` }
  return { ...config, exchanges, conversions: config.conversions.filter((symbol) => hasSymbol(exchanges, symbol)) }
}

/** The configuration with an exchange as the file has it, and the file's conversions that come back with it. */
export function withExchange(config: Config, file: Config, exchange: string): Config | Refusal {
  const known = Object.keys(file.exchanges)
  if (Object.keys(config.exchanges).includes(exchange)) return config
  if (!known.includes(exchange)) return { refusal: `${exchange} is not in the configuration file` }
  // In the file's order, and after it what was applied since.
  const entries = new Map([
    ...Object.entries(file.exchanges).filter(([name]) => name === exchange || name in config.exchanges),
    ...Object.entries(config.exchanges),
  ])
  const exchanges = Object.fromEntries(entries)
  const back = file.conversions.filter((symbol) => hasSymbol(exchanges, symbol))
  return { ...config, exchanges, conversions: [...new Set([...config.conversions, ...back])] }
}

const hasSymbol = (exchanges: Config['exchanges'], symbol: string): boolean =>
  Object.values(exchanges).some(({ symbols }) => symbols.includes(symbol))
