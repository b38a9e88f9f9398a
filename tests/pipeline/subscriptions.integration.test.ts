import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Tick } from '../../core/tick.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openRegistry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { kafkaOptions } from '../support/kafka.ts'
import { startPipeline, type Pipeline } from '../support/pipeline.ts'

const PARTITIONS = 2
const BINANCE = ['BTC-USDT', 'ETH-USDT', 'SOL-USDT']
const ALL = { binance: BINANCE, coinbase: ['BTC-USD'], kraken: ['BTC-USD'] }
const configOf = (exchanges: Readonly<Record<string, readonly string[]>>): string =>
  JSON.stringify({
    partitions: PARTITIONS,
    exchanges: Object.fromEntries(Object.entries(exchanges).map(([name, symbols]) => [name, { symbols }])),
  })

/** Reads the whole log again each time: it is short. */
async function openLog(pipeline: Pipeline) {
  const { kafka, registry } = await pipeline.endpoints()
  const ranges = await openRanges(kafkaOptions(kafka.split(',')))
  const decoder = openRegistry(registry).decoder(tickCodec)
  async function ticks(): Promise<readonly Tick[]> {
    const found: Tick[] = []
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const slot = { topic: 'crypto-prices.ticks', partition }
      const { first, end } = await ranges.bounds(slot)
      for await (const records of ranges.read(slot, first, end))
        for (const { value } of records) {
          let decoded = decoder.decode(value)
          if (decoded.kind === 'unknown-schema' && (await decoder.learn(decoded.id))) decoded = decoder.decode(value)
          if (decoded.kind === 'value') found.push(decoded.value)
        }
    }
    return found.toSorted((a, b) => a.receiveTime - b.receiveTime || a.ordinal - b.ordinal)
  }
  return { ticks, [Symbol.asyncDispose]: () => ranges.close() }
}

const servicesAnswer = z.object({
  services: z.array(z.object({ service: z.string(), figures: z.record(z.string(), z.number()) })),
})
const configAnswer = z.object({
  config: z.object({ exchanges: z.object({ binance: z.object({ symbols: z.array(z.string()) }) }) }),
})

const isPrice = ({ payload }: Tick): boolean => payload.kind === 'trade' || payload.kind === 'quote'
/** Of sockets: what is filled in by REST has sessions of its own. */
const sessionsOf = (ticks: readonly Tick[], exchange: string): readonly number[] => [
  ...new Set(ticks.filter((one) => one.exchange === exchange && one.feed !== 'BACKFILL').map(({ session }) => session)),
]

async function until(ticks: () => Promise<readonly Tick[]>, holds: (ticks: readonly Tick[]) => boolean) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(500)) {
    const now = await ticks()
    if (holds(now)) return now
  }
  throw new Error('waited a minute')
}

test(
  'symbols and exchanges come and go at run time; the sessions of the others stay, and nobody keeps a dead quote',
  { timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crosstide-config-'))
    const start = join(folder, 'crosstide.config.json')
    await writeFile(start, configOf(ALL))
    await using pipeline = await startPipeline({ CROSSTIDE_CONFIG: start, CROSSTIDE_SIMULATOR_RATE: '60' })
    await using log = await openLog(pipeline)
    const apply = async (exchanges: Readonly<Record<string, readonly string[]>>) => {
      const file = join(pipeline.directory, 'next.json')
      await writeFile(file, configOf(exchanges))
      return pipeline.ask('config', 'apply', file)
    }
    const before = await until(log.ticks, (ticks) =>
      Object.entries(ALL).every(([exchange, symbols]) =>
        symbols.every((symbol) =>
          ticks.some((one) => one.exchange === exchange && one.symbol === symbol && one.payload.kind === 'quote'),
        ),
      ),
    )

    expect(await apply({ binance: ['BTC-USDT', 'ETH-USDT'], coinbase: ['BTC-USD'] })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('- binance SOL-USDT\n- kraken BTC-USD\nepoch 2 is in effect'),
    })
    const without = await until(log.ticks, (ticks) =>
      [
        ['binance', 'SOL-USDT'],
        ['kraken', 'BTC-USD'],
      ].every(([exchange, symbol]) =>
        ticks.some(
          ({ payload, ...one }) =>
            one.exchange === exchange &&
            one.symbol === symbol &&
            payload.kind === 'gap' &&
            payload.reason === 'WITHDRAWN',
        ),
      ),
    )
    await sleep(1500)
    const later = (await log.ticks()).slice(without.length)
    expect(later.some((one) => one.symbol === 'BTC-USDT' && isPrice(one))).toBe(true)
    // What is backfilled speaks of the past, on a session of its own.
    const live = later.filter(({ feed }) => feed !== 'BACKFILL')
    expect(live.filter((one) => one.symbol === 'SOL-USDT' || one.exchange === 'kraken')).toEqual([])
    expect(
      without.findLast(({ exchange, feed }) => exchange === 'kraken' && feed !== 'BACKFILL')?.payload,
    ).toMatchObject({ state: 'DOWN' })

    const mark = Date.now() * 1000
    expect(await apply(ALL)).toMatchObject({ code: 0 })
    const after = await until(log.ticks, (ticks) =>
      [
        ['binance', 'SOL-USDT'],
        ['kraken', 'BTC-USD'],
      ].every(([exchange, symbol]) =>
        ticks.some(
          (one) => one.exchange === exchange && one.symbol === symbol && isPrice(one) && one.receiveTime > mark,
        ),
      ),
    )
    const first = after.find((one) => one.symbol === 'SOL-USDT' && one.receiveTime > mark)
    expect(first?.payload).toMatchObject({ kind: 'gap', reason: 'DISCONNECT' })
    expect(sessionsOf(after, 'binance')).toEqual(sessionsOf(before, 'binance'))
    expect(sessionsOf(after, 'coinbase')).toEqual(sessionsOf(before, 'coinbase'))
    expect(sessionsOf(after, 'kraken')).toHaveLength(2)

    const refused = await apply({ ...ALL, kraken: ['btc'] })
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('exchanges.kraken.symbols.0') })

    const { api } = await pipeline.endpoints()
    const { services } = servicesAnswer.parse(await (await fetch(`${api}/api/v1/services`)).json())
    expect(services.find(({ service }) => service === 'producers')?.figures).toMatchObject({
      quarantined: 0,
      'exchangeClockOffsetMs.coinbase': expect.any(Number),
    })
    const shown = configAnswer.parse(await (await fetch(`${api}/api/v1/config`)).json())
    expect(shown.config.exchanges.binance.symbols).toEqual(BINANCE)
    await rm(folder, { recursive: true })
  },
)
