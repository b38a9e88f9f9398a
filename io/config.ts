import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { ArbitrageConfig } from '../core/arbitrage/config.ts'
import { PipelineError } from '../core/errors.ts'
import { parseSymbol } from '../core/symbol.ts'
import { EXCHANGES } from '../core/tick.ts'
import { readAlerts, type AlertsConfig } from './alerts-config.ts'
import { arbitrageOn, parseArbitrage } from './arbitrage.ts'
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
    arbitrage: z.unknown().optional(),
    alerts: z.unknown().optional(),
  })
  .superRefine(({ exchanges, conversions, inverses, arbitrage = {}, alerts = {} }, context) => {
    const listed = new Set(Object.values(exchanges).flatMap((one) => one.symbols))
    for (const [field, symbols] of Object.entries({ conversions, inverses })) {
      for (const [index, name] of symbols.entries()) {
        if (!listed.has(name))
          context.addIssue({ code: 'custom', path: [field, index], message: 'is a symbol of no exchange' })
      }
    }
    const read = arbitrageOn({ conversions, inverses }, arbitrage)
    for (const { field, message } of 'problems' in read ? read.problems : [])
      context.addIssue({ code: 'custom', path: ['arbitrage', ...field], message })
    const told = readAlerts(alerts)
    for (const { field, message } of 'problems' in told ? told.problems : [])
      context.addIssue({ code: 'custom', path: ['alerts', ...field], message })
  })
  // A document of its own, with epochs of its own: `loadArbitrage`. Alerts concern the consumers only: `loadAlerts`.
  .transform(({ arbitrage: _arbitrage, alerts: _alerts, ...config }) => config)
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
  return parseConfig(await readJson(file), file)
}

/** The arbitrage document of a configuration file (`arbitrage`, all defaults if it has none); throws BAD_CONFIG. */
export async function loadArbitrage(file: string): Promise<ArbitrageConfig> {
  const value = await readJson(file)
  const config = parseConfig(value, file)
  const given = typeof value === 'object' && value !== null && 'arbitrage' in value ? value.arbitrage : {}
  return parseArbitrage(config, given, file)
}

/** What a configuration file says of alerts (`alerts`, all defaults if it has none); throws BAD_CONFIG. */
export async function loadAlerts(file: string): Promise<AlertsConfig> {
  const value = await readJson(file)
  parseConfig(value, file)
  const read = readAlerts(typeof value === 'object' && value !== null && 'alerts' in value ? value.alerts : {})
  if ('alerts' in read) return read.alerts
  throw new PipelineError('BAD_CONFIG', `${file}: alerts: ${read.problems.map(({ message }) => message).join('; ')}`)
}

/** Throws BAD_CONFIG if the file is missing or no JSON. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new PipelineError('BAD_CONFIG', `cannot read ${file}`, { cause })
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PipelineError('BAD_CONFIG', `${file} is not JSON: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    })
  }
}
