import { join } from 'node:path'
import { formatTable } from '../cli/table.ts'
import { PipelineError } from '../core/errors.ts'
import { readSessions, type SessionFiles } from '../io/recording-files.ts'
import { decode, type Adapter } from '../producers/adapter.ts'
import { parseRecording, playable, type RecordedFrame } from '../producers/recording.ts'
import type { AdapterOptions } from './options.ts'
import { openCryptofeed, type Cryptofeed, type Decoding } from './cryptofeed.ts'

/**
 * What is measured of a recording: every frame, with the order books that cryptofeed makes of theirs, or without, as we do;
 * or those frames alone in which both sides find trades and quotes.
 */
export type Part = 'books' | 'all' | 'ticks'

export type AdapterResult = {
  readonly session: string
  readonly part: Part
  readonly frames: number
  readonly ours: Decoding
  /** A text: why there is nothing to compare with. */
  readonly theirs: Decoding | string
}

type Options = AdapterOptions & { readonly say: (text: string) => void }

/** cryptofeed's name of what an address speaks, and why its handler does not read all of a recording, or none of it. */
const THEIRS: Readonly<
  Record<string, { readonly feed: string; readonly no?: Readonly<Partial<Record<Part, string>>> }>
> = {
  BINANCE: { feed: 'BINANCE', no: { books: 'asks REST' } },
  COINBASE: { feed: 'COINBASE', no: { books: 'speaks another', all: 'speaks another', ticks: 'speaks another' } },
  GATEIO: { feed: 'GATEIO', no: { books: 'asks REST' } },
  KRAKEN: { feed: 'KRAKEN' },
  OKX: { feed: 'OKX' },
}

/** Frames a second of processor time, by adapter and recording, ours and cryptofeed's on the same frames. */
export async function benchAdapters(options: Options): Promise<string> {
  const sessions = await readSessions(options.captures).catch((error: unknown) => {
    if (error instanceof PipelineError) return undefined
    throw error
  })
  if (sessions === undefined) return `skipped: no recordings in ${options.captures}`
  const cryptofeed = await openCryptofeed()
  if (typeof cryptofeed === 'string') options.say(`cryptofeed skipped: ${cryptofeed}`)
  const results: AdapterResult[] = []
  for (const session of sessions) results.push(...(await measureSession(session, cryptofeed, options)))
  return formatAdapters(results, typeof cryptofeed === 'string' ? undefined : cryptofeed.version)
}

async function measureSession(
  { name, files }: SessionFiles,
  cryptofeed: Cryptofeed | string,
  options: Options,
): Promise<readonly AdapterResult[]> {
  const recording = parseRecording(
    name,
    files.map(({ text }) => text),
  )
  const connections = playable(recording)
  const adapter = connections[0]?.adapter
  if (adapter === undefined) return []
  options.say(`${name} …`)
  const all = connections.flatMap(({ connection }) => connection.frames)
  const parts: Readonly<Record<Part, readonly RecordedFrame[]>> = {
    books: all,
    all,
    ticks: all.filter((one) => holdsTicks(adapter, one)),
  }
  const results: AdapterResult[] = []
  for (const part of ['books', 'all', 'ticks'] as const) {
    const ours = measureAdapter(adapter, parts[part], options)
    const theirs = await measureTheirs(name, part, parts[part], cryptofeed, options)
    results.push({ session: name, part, frames: parts[part].length, ours, theirs })
  }
  return results
}

function holdsTicks(adapter: Adapter, { text, time }: RecordedFrame): boolean {
  const { kind } = decode(adapter, text, time)
  return kind === 'ticks' || kind === 'fault'
}

/** Decodes the frames over and over. */
export function measureAdapter(
  adapter: Adapter,
  frames: readonly RecordedFrame[],
  { warmUpSeconds, seconds }: Pick<AdapterOptions, 'warmUpSeconds' | 'seconds'>,
): Decoding {
  const entries = frames.flatMap(({ text, time }) => {
    const decoded = decode(adapter, text, time)
    return decoded.kind === 'ticks'
      ? [...decoded.ticks.map(({ payload }) => payload.kind), ...decoded.withdrawals.map(() => 'quote')]
      : []
  })
  decodeFor(adapter, frames, warmUpSeconds)
  const trades = entries.filter((kind) => kind === 'trade').length
  return { trades, quotes: entries.length - trades, framesPerSecond: decodeFor(adapter, frames, seconds) }
}

/** Processor time, like cryptofeed's: what other processes take of the machine is not ours. That of our collector counts. */
function decodeFor(adapter: Adapter, frames: readonly RecordedFrame[], seconds: number): number {
  const start = process.cpuUsage()
  let decoded = 0
  let used = 0
  while (used < seconds && frames.length > 0) {
    for (const { text, time } of frames) decode(adapter, text, time)
    decoded += frames.length
    const { user, system } = process.cpuUsage(start)
    used = (user + system) / 1e6
  }
  return used === 0 ? 0 : decoded / used
}

async function measureTheirs(
  session: string,
  part: Part,
  frames: readonly RecordedFrame[],
  cryptofeed: Cryptofeed | string,
  { captures, warmUpSeconds, seconds }: Options,
): Promise<Decoding | string> {
  if (typeof cryptofeed === 'string') return 'absent'
  const exchange = session.replace(/-\d{4}-\d\d-\d\d$/, '')
  const theirs = THEIRS[exchange]
  if (theirs === undefined) return 'unknown'
  const list = join(captures, session, `${exchange}.0.gz`)
  const texts = frames.map(({ text }) => text)
  const job = { feed: theirs.feed, list, frames: texts, passOver: part !== 'books', warmUpSeconds, seconds }
  return theirs.no?.[part] ?? cryptofeed.measure(job)
}

/** Pure: the results as a table. A rate beside another count would compare different work, so it says so. */
export function formatAdapters(results: readonly AdapterResult[], version: string | undefined): string {
  return [
    `Frames a second of processor time${version === undefined ? '' : `; beside it ${version}`}`,
    formatTable(
      ['recording', 'part', 'frames', 'trades', 'quotes', 'ours/s', 'cryptofeed/s', 'ratio'],
      results.map(({ session, part, frames, ours, theirs }) => [
        session,
        part,
        ...[frames, ours.trades, ours.quotes].map(String),
        ours.framesPerSecond.toFixed(0),
        ...comparison(ours, theirs),
      ]),
    ),
    'books: every frame; cryptofeed makes order books of theirs, we do not. all: every frame, and cryptofeed passes books and',
    'candles over, too. ticks: those frames alone that hold trades or quotes.',
  ].join('\n')
}

function comparison(ours: Decoding, theirs: Decoding | string): readonly [string, string] {
  if (typeof theirs === 'string') return [theirs, '-']
  const rate = theirs.framesPerSecond.toFixed(0)
  if (theirs.trades !== ours.trades || theirs.quotes !== ours.quotes)
    return [rate, `not comparable: ${theirs.trades} trades, ${theirs.quotes} quotes`]
  return [rate, (ours.framesPerSecond / theirs.framesPerSecond).toFixed(1)]
}
