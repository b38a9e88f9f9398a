import { PipelineError } from '../core/errors.ts'
import { readArchiveBlocks } from './archive-blocks.ts'
import {
  fileName,
  hourOf,
  inOrder,
  parseFileName,
  parseSlotFolder,
  slotFolder,
  type Archived,
} from './archive-names.ts'
import type { ArchiveStore } from './archive-store.ts'
import { slotName, type Incoming, type Offset, type Ranges, type Slot } from './kafka/port.ts'

/** An archive read as the log it was made of: what reads ranges of Kafka reads it unchanged. */
export type ArchiveLog = Pick<Ranges, 'bounds' | 'atTime' | 'read' | 'close'> & {
  /** What is archived, by topic and partition. */
  slots(): Promise<readonly Slot[]>
  /** Text of the schema with an id, known once a record of it was read: an archive needs no registry. */
  schemaText(id: number): string | undefined
}

/** `bounds` are those of what is archived; `read` throws OFFSET_OUT_OF_RANGE where a file is missing between them. */
export function openArchiveLog(store: ArchiveStore): ArchiveLog {
  const schemas = new Map<number, string>()
  const learned = (id: number, text: string): void => void schemas.set(id, text)
  const filesOf = async (slot: Slot): Promise<readonly Archived[]> =>
    inOrder((await store.files(slotFolder(slot))).flatMap((name) => parseFileName(name) ?? []))
  const boundsIn = (files: readonly Archived[]): { readonly first: Offset; readonly end: Offset } => ({
    first: files[0]?.first ?? 0,
    end: Math.max(0, ...files.map(({ last }) => last + 1)),
  })

  async function* read(slot: Slot, from: Offset, to: Offset): AsyncGenerator<readonly Incoming[]> {
    const files = await filesOf(slot)
    const { first, end } = boundsIn(files)
    if (from > to || from < first || to > end) throw outOfRange(slot, `${from}..${to} is not within ${first}..${end}`)
    let next = from
    for (const file of files) {
      if (file.last < next) continue
      if (next >= to) return
      if (file.first > next) throw outOfRange(slot, `${next}..${file.first - 1} are in no file of the archive`)
      for await (const records of readArchiveFile(store, slot, file, learned)) {
        const wanted = records.filter(({ offset }) => offset >= next && offset < to)
        if (wanted.length > 0) yield wanted
      }
      next = file.last + 1
    }
  }

  return {
    async slots() {
      const slots = (await store.folders()).flatMap((folder) => parseSlotFolder(folder) ?? [])
      return slots.toSorted((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
    },
    bounds: async (slot) => boundsIn(await filesOf(slot)),
    async atTime(slot, timestampMs) {
      const files = await filesOf(slot)
      // A file holds no record of a later hour than its own.
      for (const file of files) {
        if (file.hour < hourOf(timestampMs)) continue
        for await (const records of readArchiveFile(store, slot, file, learned)) {
          const found = records.find((record) => record.timestampMs >= timestampMs)
          if (found !== undefined) return found.offset
        }
      }
      return boundsIn(files).end
    },
    read,
    schemaText: (id) => schemas.get(id),
    close: () => store.close(),
  }
}

/** All records of one file, in offset order; throws ARCHIVE_DAMAGED if they are not those that its name says. */
export async function* readArchiveFile(
  store: ArchiveStore,
  slot: Slot,
  file: Archived,
  learned?: (id: number, schemaText: string) => void,
): AsyncGenerator<readonly Incoming[]> {
  const name = `${slotFolder(slot)}/${fileName(file)}`
  const damaged = (what: string): PipelineError => new PipelineError('ARCHIVE_DAMAGED', `${name}: ${what}`)
  let last = file.first - 1
  for await (const records of readArchiveBlocks(store.read(name), name, learned)) {
    for (const { offset } of records) {
      if (offset <= last) throw damaged(`offset ${offset} stands after ${last}`)
      last = offset
    }
    yield records
  }
  if (last !== file.last) throw damaged(`ends at offset ${last}`)
}

const outOfRange = (slot: Slot, what: string): PipelineError =>
  new PipelineError('OFFSET_OUT_OF_RANGE', `archive of ${slotName(slot)}: ${what}`)
