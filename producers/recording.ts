import { micros, type Micros } from '../core/time.ts'
import type { Adapter, Instrument } from './adapter.ts'
import { adapterOf, plainAddress } from './adapters.ts'

export type RecordedFrame = { readonly time: Micros; readonly text: string }

/** One socket's life on record. */
export type RecordedConnection = {
  readonly address: string
  readonly openedAt: Micros
  readonly frames: readonly RecordedFrame[]
}

/** A recorded session: a folder of the recorder. `rest` are answers by address without query. */
export type Recording = {
  readonly name: string
  readonly connections: readonly RecordedConnection[]
  readonly rest: ReadonlyMap<string, string>
}

type Line =
  | { readonly kind: 'connecting'; readonly address: string; readonly time: Micros }
  | { readonly kind: 'received'; readonly time: Micros; readonly text: string }
  | { readonly kind: 'answer'; readonly address: string; readonly text: string }
  | { readonly kind: 'other' }

/** Reads the text files of one session. Sent frames and the recorder's configuration are of no use to us. */
export function parseRecording(name: string, texts: readonly string[]): Recording {
  const connections: { address: string; openedAt: Micros; frames: RecordedFrame[] }[] = []
  const rest = new Map<string, string>()
  for (const text of texts) {
    // A file holds one connection after the other; what was received belongs to the last one of the same file.
    let current: RecordedFrame[] | undefined
    for (const raw of text.split('\n')) {
      const line = parseLine(raw)
      if (line.kind === 'connecting') {
        current = []
        connections.push({ address: line.address, openedAt: line.time, frames: current })
      } else if (line.kind === 'received') current?.push({ time: line.time, text: line.text })
      else if (line.kind === 'answer' && !rest.has(plainAddress(line.address)))
        rest.set(plainAddress(line.address), line.text)
    }
  }
  return { name, connections, rest }
}

/** One line of a file: the forms are those of the recorder, with the time before the payload's colon. */
export function parseLine(line: string): Line {
  const received = /^(\d+(?:\.\d+)?): /.exec(line)
  if (received !== null) return { kind: 'received', time: timeOf(received[1]), text: line.slice(received[0].length) }
  const connecting = /^(wss?:\/\/\S+) <-> (\d+(?:\.\d+)?)\s*$/.exec(line)
  if (connecting !== null) return { kind: 'connecting', address: connecting[1] ?? '', time: timeOf(connecting[2]) }
  const answer = /^(https?:\/\/\S+) -> (\d+(?:\.\d+)?): /.exec(line)
  if (answer !== null) return { kind: 'answer', address: answer[1] ?? '', text: line.slice(answer[0].length) }
  return { kind: 'other' }
}

/** A connection whose dialect we speak, with the instruments of the exchange's list on record, if there is one. */
export type Playable = {
  readonly connection: RecordedConnection
  readonly adapter: Adapter
  readonly instruments: readonly Instrument[]
}

export function playable({ connections, rest }: Recording): readonly Playable[] {
  return connections.flatMap((connection) => {
    const adapter = adapterOf(connection.address)
    if (adapter === undefined) return []
    const listed = rest.get(plainAddress(adapter.instruments.url))
    const instruments = listed === undefined ? [] : adapter.instruments.parse(JSON.parse(listed))
    return [{ connection, adapter, instruments }]
  })
}

/** Seconds with a fraction, cut to microseconds from the digits. */
function timeOf(text = '0'): Micros {
  const [seconds = '0', fraction = ''] = text.split('.')
  return micros(Number(seconds) * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6)))
}
