import { PipelineError } from '../core/errors.ts'
import { parseSymbol } from '../core/symbol.ts'
import type { TopicSpec } from '../schemas/topics.ts'
import type { Config } from './config.ts'
import { configurationRecord, nextConfiguration, readConfiguration } from './configuration.ts'
import type { Ranges, Writer } from './kafka/port.ts'
import type { Log } from './log.ts'
import type { openPool } from './postgres.ts'

type Pool = ReturnType<typeof openPool>

/** Any number, the same for all who publish. */
const LOCK = 7_217_041

/** Reads and publishes control documents without anybody else doing so: Kafka has no compare-and-set, epochs are counted. */
export async function alone<Result>(pool: Pool, act: () => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    return await act()
  } finally {
    // With its connection the lock goes, whatever happened to it.
    client.release(true)
  }
}

/**
 * Publishes what `change` makes of the configuration in effect; it answers its argument to change nothing. Answers the epoch in
 * effect then. Throws WRONG_USE if none was published yet, and what `change` throws.
 */
export async function changeConfiguration(
  deps: {
    readonly pool: Pool
    readonly ranges: Ranges
    readonly control: TopicSpec
    readonly append: Writer['append']
    readonly log: Log
  },
  by: string,
  change: (config: Config) => Config,
): Promise<number> {
  const { pool, ranges, control, append, log } = deps
  return alone(pool, async () => {
    const { found } = await readConfiguration(ranges, control, log)
    if (found === undefined) throw new PipelineError('WRONG_USE', 'no configuration was published yet')
    const config = change(found.config)
    if (config === found.config) return found.epoch
    const next = nextConfiguration(found, config, { by, at: new Date().toISOString() })
    await append([configurationRecord(control, next)])
    await writeConfigured(pool, config)
    log.info({ epoch: next.epoch, by }, 'configuration_changed')
    return next.epoch
  })
}

/** Rows for what the configuration names, so that an exchange that never answered shows as well. */
export async function writeConfigured(pool: Pool, config: Config): Promise<void> {
  const conversions = new Set(config.conversions)
  const symbols = Object.entries(config.exchanges).flatMap(([exchange, { symbols: names }]) =>
    names.flatMap((symbol) => {
      const parts = parseSymbol(symbol)
      return parts === undefined ? [] : [{ exchange, symbol, ...parts, conversion: conversions.has(symbol) }]
    }),
  )
  await pool.query(
    `insert into public.exchanges (exchange, configured) select e, true from unnest($1::text[]) e
     on conflict (exchange) do update set configured = true`,
    [Object.keys(config.exchanges)],
  )
  await pool.query('update public.exchanges set configured = false where configured and exchange <> all($1::text[])', [
    Object.keys(config.exchanges),
  ])
  await pool.query(
    `with wanted as (
       select * from jsonb_to_recordset($1::jsonb)
         as w (exchange text, symbol text, base text, quote text, perpetual boolean, conversion boolean)
     ), gone as (
       update public.symbols s set configured = false
        where configured and not exists (select from wanted w where w.exchange = s.exchange and w.symbol = s.symbol)
     )
     insert into public.symbols (exchange, symbol, base, quote, perpetual, conversion, configured)
     select exchange, symbol, base, quote, perpetual, conversion, true from wanted
     on conflict (exchange, symbol) do update set conversion = excluded.conversion, configured = true`,
    [JSON.stringify(symbols)],
  )
}
