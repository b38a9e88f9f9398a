import { readArbitrage, type ArbitrageConfig } from '../core/arbitrage/config.ts'
import { PipelineError } from '../core/errors.ts'

/** What of the pipeline's configuration an arbitrage document must agree with. */
export type Ground = { readonly conversions: readonly string[]; readonly inverses: readonly string[] }
/** `field` is a path of names; empty for the document itself. */
type Problem = { readonly field: readonly string[]; readonly message: string }

/**
 * Reads an arbitrage document, what is left out filled in: conversions and inverses from the pipeline's own, all else from
 * `DEFAULT_ARBITRAGE`; or tells all that is wrong with it.
 */
export function arbitrageOn(
  ground: Ground,
  value: unknown,
): { readonly config: ArbitrageConfig } | { readonly problems: readonly Problem[] } {
  // Each once: a repeat is a problem of the pipeline's own list, told there.
  const filled = { conversions: [...new Set(ground.conversions)], inverses: [...new Set(ground.inverses)] }
  const read = readArbitrage(isObject(value) ? { ...filled, ...value } : value)
  const problems = 'problems' in read ? read.problems.map(named) : strangers(read.config, ground)
  return 'config' in read && problems.length === 0 ? read : { problems }
}

/** The same for a file or a version of its own; throws BAD_CONFIG that names every field with a problem. */
export function parseArbitrage(ground: Ground, value: unknown, source: string): ArbitrageConfig {
  const read = arbitrageOn(ground, value)
  if ('config' in read) return read.config
  const problems = read.problems.map(({ field, message }) => `  ${field.join('.') || '(document)'}: ${message}`)
  throw new PipelineError('BAD_CONFIG', [`${source} has ${problems.length} problem(s):`, ...problems].join('\n'))
}

/** A conversion that nobody writes Rates of, or an inverse that lies in another partition, would silently match nothing. */
const strangers = (config: ArbitrageConfig, ground: Ground): readonly Problem[] =>
  (['conversions', 'inverses'] as const).flatMap((field) =>
    config[field].flatMap((symbol, index) =>
      ground[field].includes(symbol)
        ? []
        : [{ field: [field, String(index)], message: `${symbol} is none of the pipeline's ${field}` }],
    ),
  )

const named = ({ pointer, message }: { readonly pointer: string; readonly message: string }): Problem => ({
  field: pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')),
  message,
})

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
