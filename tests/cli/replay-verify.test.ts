import { beforeAll, describe, expect, test } from 'vitest'
import { marketReplay } from '../../cli/replay-market.ts'
import { evidenceOf } from '../../cli/replay-report.ts'
import { verifyPartition } from '../../cli/replay-verify.ts'
import type { Output } from '../../core/processor.ts'
import type { Incoming } from '../../io/kafka/port.ts'
import type { MarketOutput } from '../../processors/market/market.ts'
import { logOf } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { MARKET_TOPICS, encodeOutput, memoryLog, writtenLog, type Slots } from '../support/replay-log.ts'
import { seeded } from '../support/seeded.ts'

const TICKS = { topic: MARKET_TOPICS.ticks.name, partition: 0 }
const CANDLES = MARKET_TOPICS.candles.name
const LOG = logOf(seededStory(7, { hours: 6, quietMillis: 30 * 60_000, beatMillis: 300_000, busy: 60 }))
const END = (LOG.at(-1)?.offset ?? 0) + 1

let written: Slots
let outputs: readonly Output<MarketOutput>[]
beforeAll(() => {
  ;({ slots: written, outputs } = writtenLog(LOG))
})

const replayOf = (slots: Slots, batch?: number) => marketReplay(memoryLog(slots, batch), MARKET_TOPICS, new Set())
const verify = (slots: Slots, { from = 0, to = END, processed = END, batch = 100 } = {}) =>
  verifyPartition(replayOf(slots, batch), TICKS, { from, to }, processed)

/** The log with the candles that live wrote changed. */
function withCandles(change: (candles: readonly Incoming[]) => readonly Incoming[]): Slots {
  const name = `${CANDLES}:0`
  return new Map(written).set(
    name,
    change(written.get(name) ?? []).map((record, offset) => ({ ...record, offset })),
  )
}

const replaced = (at: number, change: (record: Incoming) => Incoming): Slots =>
  withCandles((candles) => candles.map((record, index) => (index === at ? change(record) : record)))

async function differenceOf(slots: Slots) {
  const verified = await verify(slots)
  if (verified.kind !== 'different') throw new Error(verified.kind)
  return evidenceOf(replayOf(slots), verified.difference)
}

/** Candles in the order they were written; the tenth is the one that is tampered with. */
const candle = (at: number) => {
  const found = outputs.filter(({ topic }) => topic === CANDLES)[at]
  if (found === undefined) throw new Error('too few candles')
  return found
}

describe('replay verify', () => {
  test('of an untouched log is equal, and counts every record and every output of each topic', async () => {
    const verified = await verify(written)
    const counted = (topic: string): number => outputs.filter((output) => output.topic === topic).length
    expect(verified).toMatchObject({ kind: 'equal', records: LOG.length, repeats: 0 })
    expect(verified.kind === 'equal' && verified.outputs.get(CANDLES)).toBe(counted(CANDLES))
    expect(counted(CANDLES)).toBeGreaterThan(100)
    expect(counted(MARKET_TOPICS.system.name)).toBeGreaterThan(10)
  })

  test('from any of ten offsets, read in batches of any size, is equal', async () => {
    const random = seeded(3)
    for (let n = 0; n < 10; n++) {
      const [a = 0, b = 0] = [random(END), random(END)].toSorted((one, other) => one - other)
      const verified = await verify(written, { from: a, to: b, batch: 1 + random(300) })
      expect({ a, b, ...verified }).toMatchObject({ a, b, kind: 'equal' })
    }
  })

  test('begins its warm-up a horizon before, not at the first record', async () => {
    const verified = await verify(written, { from: END - 1 })
    expect(verified.warmedUp).toBeGreaterThan(0)
    expect(verified.warmedUp).toBeLessThan(LOG.length / 2)
  })

  test('drops repeats by their origin, wherever they stand', async () => {
    const doubled = withCandles((candles) => [...candles.slice(0, 20), ...candles.slice(5, 20), ...candles.slice(20)])
    expect(await verify(doubled)).toMatchObject({ kind: 'equal', repeats: 15 })
  })
})

describe('replay verify finds', () => {
  test('a changed key', async () => {
    const { what, live, replayed, origin } = await differenceOf(
      replaced(10, (record) => ({ ...record, key: Buffer.from('XXX') })),
    )
    expect({ what, origin, live: live?.key, offset: live?.offset, replayed: replayed?.key }).toEqual({
      what: 'key',
      origin: candle(10).origin,
      live: 'XXX',
      offset: 10,
      replayed: candle(10).key,
    })
  })

  test('a changed value, and names its field, both sides and the input record', async () => {
    const { value, ...rest } = candle(10)
    if (value.kind !== 'candle') throw new Error(value.kind)
    const other = { ...rest, value: { ...value, candle: { ...value.candle, close: value.candle.close + 1 } } }
    const found = await differenceOf(replaced(10, (record) => ({ ...record, value: encodeOutput(other) })))
    expect(found.fields).toEqual([{ field: 'close', live: value.candle.close + 1, replayed: value.candle.close }])
    expect(found).toMatchObject({ what: 'value', input: { offset: rest.origin.offset } })
  })

  test('a value that nobody can read any more', async () => {
    const cut = replaced(10, (record) => ({ ...record, value: record.value?.subarray(0, -1) ?? null }))
    expect(await differenceOf(cut)).toMatchObject({ what: 'missing', origin: candle(10).origin })
  })

  test('a changed timestamp', async () => {
    const found = await differenceOf(replaced(10, (record) => ({ ...record, timestampMs: record.timestampMs + 1 })))
    expect(found.what).toBe('timestamp')
    expect(found.live?.timestamp).not.toBe(found.replayed?.timestamp)
    expect(found.fields).toEqual([])
  })

  test('two outputs in the wrong order', async () => {
    const swapped = withCandles((candles) => {
      const [a, b] = [candles[10], candles[11]]
      if (a === undefined || b === undefined) throw new Error('too few candles')
      return [...candles.slice(0, 10), b, a, ...candles.slice(12)]
    })
    expect(await differenceOf(swapped)).toMatchObject({
      what: 'order',
      origin: candle(10).origin,
      live: { offset: 11 },
    })
  })

  test('a missing output', async () => {
    const found = await differenceOf(withCandles((candles) => candles.toSpliced(10, 1)))
    expect(found).toMatchObject({ what: 'missing', origin: candle(10).origin })
    expect(found.live).toBeUndefined()
  })

  test('an output that should not be there, also behind all others', async () => {
    const before = candle(10).origin.offset - 1
    const invented = { ...candle(10), origin: { ...candle(10).origin, offset: before, ordinal: 900 } }
    const record = { offset: 0, key: Buffer.from('BTC'), timestampMs: 1, value: encodeOutput(invented) }
    const at = outputs.filter(({ topic, origin }) => topic === CANDLES && origin.offset <= before).length
    const within = withCandles((candles) => candles.toSpliced(at, 0, record))
    expect(await differenceOf(within)).toMatchObject({ what: 'extra', origin: invented.origin, live: { offset: at } })
    const last = { ...candle(10), origin: { ...candle(10).origin, offset: END - 1, ordinal: 900 } }
    const behind = withCandles((candles) => [...candles, { ...record, value: encodeOutput(last) }])
    expect(await differenceOf(behind)).toMatchObject({ what: 'extra', origin: last.origin })
  })
})

describe('replay verify calls not comparable', () => {
  test('what another version of the code wrote', async () => {
    const { origin, ...rest } = candle(10)
    const older = encodeOutput({ ...rest, origin: { ...origin, version: origin.version - 1 } })
    expect(await verify(replaced(10, (record) => ({ ...record, value: older })))).toMatchObject({
      kind: 'not comparable',
      reason: expect.stringContaining(`version ${origin.version - 1}`),
    })
  })

  test('a range that is not processed yet; what is missing up to where it is, is missing', async () => {
    const cut = withCandles((candles) => candles.slice(0, 50))
    const from = candle(40).origin.offset
    const next = candle(50).origin.offset
    expect(await verify(cut, { from, processed: next })).toMatchObject({
      kind: 'not comparable',
      reason: expect.stringContaining('not processed'),
    })
    expect(await verify(cut, { from, processed: next + 1 })).toMatchObject({ kind: 'different' })
  })

  test('a range whose warm-up retention took', async () => {
    const half = Math.floor(LOG.length / 2)
    const ticks = (written.get(`${TICKS.topic}:0`) ?? []).slice(half)
    const trimmed = new Map(written).set(`${TICKS.topic}:0`, ticks)
    const first = ticks[0]?.offset ?? 0
    expect(await verify(trimmed, { from: first + 8 })).toMatchObject({
      kind: 'not comparable',
      reason: expect.stringContaining('trimmed'),
    })
    expect(await verify(trimmed, { from: END - 400 })).toMatchObject({ kind: 'equal' })
  })

  test('a range whose first outputs retention took', async () => {
    const name = `${CANDLES}:0`
    const trimmed = new Map(written).set(name, (written.get(name) ?? []).slice(60))
    expect(await verify(trimmed)).toMatchObject({
      kind: 'not comparable',
      reason: expect.stringContaining('trimmed'),
    })
  })
})
