import type { Slot } from '../io/kafka/port.ts'

const HOUR_MS = 3_600_000

/** What a finished file holds, as its name says; nothing else remembers what was archived. */
export type Archived = { readonly hour: string; readonly first: number; readonly last: number }

export const hourOf = (timestampMs: number): number => Math.floor(timestampMs / HOUR_MS)

/** Folder of a slot below the archive's. */
export const slotFolder = ({ topic, partition }: Slot): string => `${topic}/partition=${partition}`

const padded = (offset: number): string => String(offset).padStart(16, '0')

/** Names sort by time, then by offset. */
export const fileName = (hour: number, first: number, last: number): string =>
  `${new Date(hour * HOUR_MS).toISOString().slice(0, 13)}Z_${padded(first)}-${padded(last)}.avro`

/** `undefined`: not a finished file. */
export function parseFileName(name: string): Archived | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d)Z_(\d{16})-(\d{16})\.avro$/.exec(name)
  return parts === null ? undefined : { hour: parts[1] ?? '', first: Number(parts[2]), last: Number(parts[3]) }
}

/** Where to go on: after the run of files that holds `from`; at `from` if none does. */
export function resumeAt(from: number, files: readonly Archived[]): number {
  let next = from
  for (const { first, last } of files.toSorted((a, b) => a.first - b.first))
    if (first <= next && last >= next) next = last + 1
  return next
}
