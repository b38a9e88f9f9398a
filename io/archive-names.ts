import type { Slot } from './kafka/port.ts'

const HOUR_MS = 3_600_000

/**
 * What a whole file of an archive covers, as its name says; nothing else remembers what was archived. `first` follows the
 * file before, also where compaction left no record there; `last` is the offset of its last record.
 */
export type Archived = { readonly hour: number; readonly first: number; readonly last: number }

export const hourOf = (timestampMs: number): number => Math.floor(timestampMs / HOUR_MS)

/** Folder of a slot below the archive's. */
export const slotFolder = ({ topic, partition }: Slot): string => `${topic}/partition=${partition}`

/** `undefined`: not a slot's folder. */
export function parseSlotFolder(folder: string): Slot | undefined {
  const parts = /^([\w.-]{1,249})\/partition=(\d{1,9})$/.exec(folder)
  return parts === null ? undefined : { topic: parts[1] ?? '', partition: Number(parts[2]) }
}

const padded = (offset: number): string => String(offset).padStart(16, '0')

/** Names sort by time, then by offset. */
export const fileName = ({ hour, first, last }: Archived): string =>
  `${new Date(hour * HOUR_MS).toISOString().slice(0, 13)}Z_${padded(first)}-${padded(last)}.avro`

/** `undefined`: not a finished file. */
export function parseFileName(name: string): Archived | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d)Z_(\d{16})-(\d{16})\.avro$/.exec(name)
  const time = Date.parse(`${parts?.[1]}:00Z`)
  if (parts === null || Number.isNaN(time)) return undefined
  return { hour: hourOf(time), first: Number(parts[2]), last: Number(parts[3]) }
}

/** Where to go on: after the run of files that holds `from` (`after` is its last one); at `from` if none does. */
export function resumeAt(
  from: number,
  files: readonly Archived[],
): { readonly next: number; readonly after: Archived | undefined } {
  let next = from
  let after: Archived | undefined
  for (const file of inOrder(files))
    if (file.first <= next && file.last >= next) {
      next = file.last + 1
      after = file
    }
  return { next, after }
}

export const inOrder = (files: readonly Archived[]): readonly Archived[] =>
  files.toSorted((a, b) => a.first - b.first || a.last - b.last)
