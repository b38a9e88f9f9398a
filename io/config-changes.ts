import type { Config } from './config.ts'

/** What becomes of one exchange; `added` and `removed` are symbols. */
export type ExchangeChange = {
  readonly exchange: string
  readonly kind: 'added' | 'removed' | 'changed'
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export type ConfigChanges = {
  readonly exchanges: readonly ExchangeChange[]
  readonly conversions: Pick<ExchangeChange, 'added' | 'removed'>
  /** Exchanges that stay and are reached otherwise, from their next connection on. */
  readonly proxies: readonly string[]
  /** Fields that differ and are read at a start only. */
  readonly fixed: readonly string[]
}

/** Partitions and inverses say where a symbol's ticks lie; the others belong to roles that read the file when they start. */
const FIXED = ['partitions', 'inverses', 'backfill', 'simulator', 'retentionDays'] as const

/** How `after` differs from `before`; the order of symbols is none. */
export function configChanges(before: Config, after: Config): ConfigChanges {
  const [old, young] = [byExchange(before), byExchange(after)]
  const names = [...new Set([...old.keys(), ...young.keys()])].toSorted()
  return {
    exchanges: names.flatMap((exchange): readonly ExchangeChange[] => {
      const difference = differenceOf(old.get(exchange) ?? [], young.get(exchange) ?? [])
      if (!old.has(exchange)) return [{ exchange, kind: 'added', ...difference }]
      if (!young.has(exchange)) return [{ exchange, kind: 'removed', ...difference }]
      return isEmpty(difference) ? [] : [{ exchange, kind: 'changed', ...difference }]
    }),
    proxies: names.filter((name) => old.has(name) && young.has(name) && proxyOf(before, name) !== proxyOf(after, name)),
    conversions: differenceOf(before.conversions, after.conversions),
    fixed: FIXED.filter((field) => textOf(before[field]) !== textOf(after[field])),
  }
}

/** One line per change: `+ kraken SOL-USD`. Empty: nothing changes. */
export function changeLines({ exchanges, conversions, proxies }: ConfigChanges): readonly string[] {
  const of = (name: string, { added, removed }: ConfigChanges['conversions']): readonly string[] => [
    ...added.map((symbol) => `+ ${name} ${symbol}`),
    ...removed.map((symbol) => `- ${name} ${symbol}`),
  ]
  return [
    ...exchanges.flatMap((one) => of(one.exchange, one)),
    ...of('conversion', conversions),
    ...proxies.map((name) => `~ ${name} proxy`),
  ]
}

const proxyOf = ({ exchanges }: Config, name: string): string | undefined =>
  Object.entries(exchanges).find(([exchange]) => exchange === name)?.[1].proxy

const byExchange = ({ exchanges }: Config): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(exchanges).map(([exchange, { symbols }]) => [exchange, symbols]))

function differenceOf(before: readonly string[], after: readonly string[]): ConfigChanges['conversions'] {
  return {
    added: after.filter((symbol) => !before.includes(symbol)),
    removed: before.filter((symbol) => !after.includes(symbol)),
  }
}

const isEmpty = ({ added, removed }: ConfigChanges['conversions']): boolean => added.length + removed.length === 0

const textOf = (value: unknown): string =>
  JSON.stringify(Array.isArray(value) ? value.map(String).toSorted((a, b) => (a < b ? -1 : 1)) : value)
