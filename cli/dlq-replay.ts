import type { Database } from '../consumers/database.ts'
import { partitionOf, tickKey } from '../core/partition.ts'
import type { Exchange, Tick } from '../core/tick.ts'
import { micros, type Micros } from '../core/time.ts'
import type { Outgoing, Writer } from '../io/kafka/port.ts'
import type { Registry } from '../io/registry.ts'
import type { Instrument } from '../producers/adapter.ts'
import { ADAPTERS } from '../producers/adapters.ts'
import { tickCodec } from '../schemas/codec.ts'
import type { Catalogue } from '../schemas/topics.ts'
import { decodeAgain, exchangeNamed } from './dlq-frames.ts'
import { rowStores } from './dlq-rows.ts'
import type { Letter, Origin } from './letters.ts'

/** `untouched`: the log holds the record, a processor's replay reads it there. `repeat`: an earlier letter is the same. */
export type Outcome = {
  readonly offset: number
  readonly stage: Origin['stage']
  readonly outcome: 'replayed' | 'unreadable' | 'refused' | 'too-old' | 'untouched' | 'repeat'
  readonly detail: string
}

export type ReplayDeps = {
  readonly topics: Catalogue
  readonly registry: Registry
  readonly writer: Pick<Writer, 'append'>
  readonly database: Database
  readonly inverses: ReadonlySet<string>
  /** What an exchange lists; asked once for each exchange that has letters. */
  readonly instruments: (exchange: Exchange) => Promise<readonly Instrument[]>
  readonly now: Micros
  /** Older ticks have no partition any more. */
  readonly keepsFromMs: number
  readonly dryRun: boolean
}

/** Answers a function that replays one letter after the other, by the table of reliability.md section 4. */
export function letterReplay(deps: ReplayDeps): (letter: Letter) => Promise<Outcome> {
  const stores = rowStores(deps.topics, deps.registry, deps.keepsFromMs)
  const seen = new Set<string>()
  const symbols = new Map<Exchange, ReadonlyMap<string, string>>()
  const ordinals = new Map<Exchange, number>()
  let encode: ((tick: Tick) => Buffer) | undefined

  async function replayFrame(letter: Letter, from: Extract<Origin, { stage: 'producer' }>): Promise<Part> {
    const exchange = exchangeNamed(from.exchange)
    if (exchange === undefined) return ['unreadable', `no adapter of ${from.exchange}`]
    const listed = symbols.get(exchange) ?? bySpelling(await deps.instruments(exchange))
    symbols.set(exchange, listed)
    const nextOrdinal = ordinals.get(exchange) ?? 0
    // One session per exchange and run; it begins when the run does, as a socket's would.
    const session = { id: deps.now, nextOrdinal }
    const again = decodeAgain(letter, from, ADAPTERS[exchange], listed, session)
    if (again.kind === 'unreadable') return ['unreadable', again.reason]
    const { ticks, quotes } = again
    const said = `${ticks.length} trades${quotes === 0 ? '' : `, ${quotes} quotes passed over`}`
    if (deps.dryRun || ticks.length === 0) return ['replayed', said]
    encode ??= await deps.registry.encoder(deps.topics.ticks.name, tickCodec)
    const write = encode
    await deps.writer.append(ticks.map((tick) => outgoing(deps, tick, write(tick))))
    ordinals.set(exchange, nextOrdinal + ticks.length)
    return ['replayed', said]
  }

  async function replayRecord(letter: Letter, from: Extract<Origin, { stage: 'sink' | 'processor' }>): Promise<Part> {
    const store = stores.get(letter.topic)
    if (store === undefined) return ['unreadable', `no sink of ${letter.topic}`]
    const key = `${letter.topic} ${from.partition} ${from.offset}`
    if (seen.has(key)) return ['repeat', '']
    seen.add(key)
    const stored = await store(letter, from, deps.dryRun ? undefined : deps.database)
    return stored.kind === 'rows' ? ['replayed', `${stored.rows} rows`] : [stored.kind, stored.reason]
  }

  const replay = (letter: Letter): Promise<Part> | Part => {
    switch (letter.from.stage) {
      case 'producer':
        return replayFrame(letter, letter.from)
      case 'sink':
        return replayRecord(letter, letter.from)
      case 'processor':
        return ['untouched', 'the log holds the record']
      case 'unknown':
        return ['unreadable', `no such stage: ${letter.from.name}`]
    }
  }
  return async (letter) => {
    const [outcome, detail] = await replay(letter)
    return { offset: letter.offset, stage: letter.from.stage, outcome, detail }
  }
}

type Part = readonly [outcome: Outcome['outcome'], detail: string]

const bySpelling = (instruments: readonly Instrument[]): ReadonlyMap<string, string> =>
  new Map(instruments.map(({ symbol, nativeSymbol }) => [nativeSymbol, symbol]))

function outgoing({ topics, inverses }: ReplayDeps, tick: Tick, value: Buffer): Outgoing {
  const key = tickKey(tick.symbol, inverses)
  return {
    topic: topics.ticks.name,
    partition: partitionOf(key, topics.ticks.partitions),
    key: Buffer.from(key),
    value,
    timestampMs: Math.floor(micros(tick.receiveTime) / 1000),
  }
}
