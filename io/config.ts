import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { PipelineError } from '../core/errors.ts'
import { parseSymbol } from '../core/symbol.ts'
import { EXCHANGES } from '../core/tick.ts'
import { isProxy } from './proxy.ts'

const symbol = z
  .string()
  .refine((text) => parseSymbol(text) !== undefined, 'not a canonical symbol (BASE-QUOTE, upper case)')
const unique = (items: readonly string[]): boolean => new Set(items).size === items.length

const exchange = z.strictObject({
  symbols: z.array(symbol).min(1).refine(unique, 'names a symbol twice'),
  /** Instead of HTTPS_PROXY. Whoever may read the configuration sees it, so that it holds no password. */
  proxy: z
    .string()
    .refine(isProxy, 'not an http:// or https:// proxy')
    .refine((text) => !/\/\/[^/]*@/.test(text), 'holds a login, which HTTPS_PROXY may')
    .optional(),
})

const schema = z
  .strictObject({
    partitions: z.int().min(1).max(256).default(6),
    exchanges: z
      .partialRecord(z.enum(EXCHANGES), exchange)
      .refine((all) => Object.keys(all).length > 0, 'names no exchange'),
    conversions: z.array(symbol).refine(unique, 'names a symbol twice').default([]),
    inverses: z.array(symbol).refine(unique, 'names a symbol twice').default([]),
    backfill: z.boolean().default(true),
    simulator: z
      .strictObject({
        framesPerSecond: z.number().min(10).max(100_000).default(200),
        seed: z.int().min(0).default(1),
      })
      .prefault({}),
    retentionDays: z.int().min(1).max(365).default(7),
  })
  .superRefine(({ exchanges, conversions, inverses }, context) => {
    const listed = new Set(Object.values(exchanges).flatMap((one) => one.symbols))
    for (const [field, symbols] of Object.entries({ conversions, inverses })) {
      for (const [index, name] of symbols.entries()) {
        if (!listed.has(name))
          context.addIssue({ code: 'custom', path: [field, index], message: 'is a symbol of no exchange' })
      }
    }
  })
  .readonly()

/** What `crosstide.config.json` says, defaults filled in. */
export type Config = z.infer<typeof schema>

/** Parses a configuration document; throws BAD_CONFIG that names every field with a problem. */
export function parseConfig(value: unknown, source: string): Config {
  const parsed = schema.safeParse(value)
  if (parsed.success) return Object.freeze(parsed.data)
  const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join('.') || '(document)'}: ${message}`)
  throw new PipelineError('BAD_CONFIG', [`${source} has ${problems.length} problem(s):`, ...problems].join('\n'))
}

/** Reads and parses a configuration file; throws BAD_CONFIG, also if it is missing or no JSON. */
export async function loadConfig(file: string): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new PipelineError('BAD_CONFIG', `cannot read ${file}`, { cause })
  })
  return parseConfig(parseJson(text, file), file)
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PipelineError('BAD_CONFIG', `${file} is not JSON: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    })
  }
}
