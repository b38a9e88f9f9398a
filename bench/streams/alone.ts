import { DEFAULT_ARBITRAGE, ARBITRAGE_DOCUMENT } from '../../core/arbitrage/config.ts'
import type { OpenTick } from '../../core/arrivals.ts'
import { stepOnce, type Logged, type Processor } from '../../core/processor.ts'
import { RULES_DOCUMENT } from '../../core/rules/document.ts'
import { EXCHANGES as NAMES } from '../../core/tick.ts'
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, MICROS_PER_SECOND, micros, type Micros } from '../../core/time.ts'
import { packSnapshot, packState, unpackState } from '../../io/processor/snapshot.ts'
import { market } from '../../processors/market/market.ts'
import { SHIPPED_RULES, loadRuleFiles } from '../../cli/rule-files.ts'
import { formatTable } from '../../cli/table.ts'
import { spreadOf } from '../quantile.ts'
import { EXCHANGES, benchEvents } from './events.ts'

const EVENTS = 400_000
/** Event times are relative in the document; here they begin at this moment. */
const START = Date.UTC(2026, 10, 20) * MICROS_PER_MILLI
const PRICE_UNIT = 100
const SIZE_UNIT = 1000
const MILLION = 1_000_000

/** The market processor without Kafka and Avro: one partition of 100 symbols on 4 exchanges, heartbeats each second. */
export async function benchAlone(say: (text: string) => void): Promise<string> {
  const processor = market({
    ticks: 'ticks',
    candles: 'candles',
    opportunities: 'opportunities',
    system: 'system',
    matches: 'matches',
    alerts: 'alerts',
    inverses: new Set(),
  })
  const rules = (await loadRuleFiles([SHIPPED_RULES])).map(({ document }) => document)
  say(`market over ${EVENTS} events …`)
  const [plain] = measure(processor, 'market', [...ticks([])])
  const [ruled, state] = measure(processor, `market, ${rules.length} rules`, [...ticks(rules)])
  const rows = [plain, ruled]
  const snapshots = [
    await snapshotCost('its state then', state),
    await snapshotCost('a Map of 1,000,000 keys', millionKeys()),
  ]
  return [
    formatTable(['processor alone', 'records', 'records/s', 'p50 µs', 'p99 µs', 'outputs'], rows),
    formatTable(['snapshot', 'bytes', 'compressed', 'copy ms', 'compress ms', 'restore ms'], snapshots),
    'copy: the task stands still; compress: beside it; restore: from decompressed bytes to the state.',
  ].join('\n\n')
}

function measure<State>(
  processor: Processor<State, OpenTick, unknown>,
  name: string,
  records: readonly Logged<OpenTick>[],
): readonly [row: readonly string[], state: State] {
  const run = (each: (step: () => void) => void): { readonly state: State; readonly outputs: number } => {
    const state = processor.initial()
    const tally = new Map<string, number>()
    let outputs = 0
    for (const record of records) each(() => stepOnce(processor, state, record, () => void (outputs += 1), tally))
    return { state, outputs }
  }
  // The compiler sees the code twice before it counts.
  run((step) => step())
  const startedAt = performance.now()
  const { outputs } = run((step) => step())
  const seconds = (performance.now() - startedAt) / 1000
  const each: number[] = []
  const { state } = run((step) => {
    const from = performance.now()
    step()
    each.push(performance.now() - from)
  })
  const spread = spreadOf(each)
  const row = [
    name,
    records.length.toLocaleString('en'),
    Math.round(records.length / seconds).toLocaleString('en'),
    ((spread?.p50Ms ?? 0) * 1000).toFixed(1),
    ((spread?.p99Ms ?? 0) * 1000).toFixed(1),
    outputs.toLocaleString('en'),
  ]
  return [row, state]
}

async function snapshotCost(name: string, state: unknown): Promise<readonly string[]> {
  const copyFrom = performance.now()
  const bytes = packState(state)
  const compressFrom = performance.now()
  const packed = await packSnapshot({ codeVersion: 1, next: 0, tail: undefined, positions: new Map(), state: bytes })
  const restoreFrom = performance.now()
  unpackState(bytes)
  const end = performance.now()
  return [
    name,
    bytes.length.toLocaleString('en'),
    packed.length.toLocaleString('en'),
    (compressFrom - copyFrom).toFixed(0),
    (restoreFrom - compressFrom).toFixed(0),
    (end - restoreFrom).toFixed(0),
  ]
}

/** As a keyed stage has it: text keys, a few numbers each. */
const millionKeys = (): unknown =>
  new Map(
    Array.from({ length: MILLION }, (_, i) => [`exchange/SYMBOL-${i}`, { last: i * 1.5, count: i, at: START + i }]),
  )

/** The rules come long before the rest, so that all of them speak. */
function* ticks(rules: readonly unknown[]): Generator<Logged<OpenTick>> {
  let offset = 0
  const ordinals = new Map<string, number>()
  const logged = (exchange: string, time: Micros, part: Pick<OpenTick, 'symbol' | 'payload'>): Logged<OpenTick> => {
    const ordinal = ordinals.get(exchange) ?? 0
    ordinals.set(exchange, ordinal + 1)
    const value: OpenTick = {
      ...part,
      exchange,
      feed: 'SIMULATED',
      eventTime: time,
      timeSource: 'EXCHANGE',
      receiveTime: time,
      session: micros(START),
      ordinal,
      sequence: 0,
      origin: undefined,
    }
    return { partition: 0, offset: offset++, timestampMs: Math.floor(time / MICROS_PER_MILLI), value }
  }
  const exchanges = NAMES.slice(0, EXCHANGES)
  const beats = (time: Micros): readonly Logged<OpenTick>[] =>
    exchanges.map((name) =>
      logged(name, time, { symbol: '', payload: { kind: 'heartbeat', state: 'UP', lastSequence: 0 } }),
    )
  const control = { kind: 'control', epoch: 1, hash: 'bench' } as const
  const early = micros(START - 26 * 60 * MICROS_PER_MINUTE)
  yield* beats(early)
  const set = { rules, shadow: [] }
  yield logged('', early, { symbol: '', payload: { ...control, documentId: RULES_DOCUMENT, document: set } })
  const costs = DEFAULT_ARBITRAGE
  yield logged('', early, { symbol: '', payload: { ...control, documentId: ARBITRAGE_DOCUMENT, document: costs } })
  let beatAt = START
  for (const { symbol, exchange, ms, bid, ask, price, size } of benchEvents(EVENTS)) {
    const time = micros(START + ms * MICROS_PER_MILLI)
    if (time >= beatAt) {
      beatAt += MICROS_PER_SECOND
      yield* beats(time)
    }
    const at = { exchange: exchanges[exchange] ?? '', symbol: `S${symbol}-USDT` }
    const amount = size / SIZE_UNIT
    yield logged(at.exchange, time, {
      symbol: at.symbol,
      payload: {
        kind: 'quote',
        bid: bid / PRICE_UNIT,
        bidSize: amount,
        ask: ask / PRICE_UNIT,
        askSize: amount,
        source: 'STREAM',
      },
    })
    yield logged(at.exchange, time, {
      symbol: at.symbol,
      payload: { kind: 'trade', id: String(offset), side: 'BUY', price: price / PRICE_UNIT, size: amount },
    })
  }
}
