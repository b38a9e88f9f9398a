import { resolve } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import {
  RAW,
  createArchiveFile,
  schemaIdOf,
  valuesOf,
  verifyArchiveFile,
  type ArchiveFile,
  type ValueKind,
} from '../io/archive-file.ts'
import { readArchiveFile } from '../io/archive-log.ts'
import { fileName, hourOf, parseFileName, resumeAt, slotFolder, type Archived } from '../io/archive-names.ts'
import { folderStore, type ArchiveStore } from '../io/archive-store.ts'
import { loadConfig } from '../io/config.ts'
import type { Environment, Source } from '../io/environment.ts'
import type { Incoming, Ranges, Slot } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openTopics } from '../io/kafka/topics.ts'
import { createLog } from '../io/log.ts'
import { readSchemaText } from '../io/registry-subject.ts'
import { openS3Archive } from '../io/s3-archive.ts'
import { catalogue } from '../schemas/topics.ts'
import { connection } from './endpoints.ts'
import { startOf } from './tail.ts'

export type ArchiveOptions = {
  /** None: all of the catalogue. */
  readonly topics: readonly string[]
  readonly from: string
  readonly to: string
  readonly source: Source | undefined
  /** Of S3. */
  readonly endpoint?: string | undefined
}

export type ArchiveDeps = {
  readonly ranges: Ranges
  /** Address of the schema registry. */
  readonly registry: string
  readonly store: ArchiveStore
  readonly print: (line: object) => void
}

/**
 * `crosstide archive WHERE`: topics as Avro object container files in a folder or at `s3://BUCKET/PREFIX`; a run goes on
 * where the last one ended.
 */
export async function archive(environment: Environment, where: string, options: ArchiveOptions): Promise<number> {
  const store = where.startsWith('s3://')
    ? openS3Archive(where, options.endpoint, environment)
    : folderStore(resolve(where))
  const { brokers, registry } = await connection(environment, options.source)
  const { partitions } = await loadConfig(environment.CROSSTIDE_CONFIG)
  const kafka = { brokers, clientId: 'crosstide-archive', log: createLog('cli', 'error') }
  const names =
    options.topics.length > 0 ? options.topics : Object.values(catalogue(partitions)).map(({ name }) => name)
  const topics = await openTopics(kafka)
  const ranges = await openRanges(kafka)
  const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
  try {
    let missed = 0
    for (const topic of names)
      for (const { partition } of await topics.partitions(topic)) {
        const slot = { topic, partition }
        const bounds = {
          from: (await startOf(ranges, slot, options.from)).next,
          to: (await startOf(ranges, slot, options.to)).next,
        }
        missed += await archiveSlot({ ranges, registry, store, print }, slot, bounds)
      }
    return missed === 0 ? 0 : 1
  } finally {
    await store.close()
    await ranges.close()
    await topics.close()
  }
}

/**
 * Archives a slot's records of a range that are not in the archive yet. A file is published when it was read back and is
 * what was written, so that whatever has a name is whole. Answers how many records retention took before we came.
 */
export async function archiveSlot(
  { ranges, registry, store, print }: ArchiveDeps,
  slot: Slot,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<number> {
  const folder = slotFolder(slot)
  const files = (await store.files(folder)).flatMap((name) => parseFileName(name) ?? [])
  const newest = Math.max(-1, ...files.map(({ last }) => last))
  const { next, after } = resumeAt(from, files)
  // A run that was killed may have published it without seeing it again.
  if (after !== undefined) for await (const _ of readArchiveFile(store, slot, after));
  // What lies between the newest file and the log's first record is in neither.
  const missed =
    files.length > 0 && from > newest + 1 && (await ranges.bounds(slot)).first === from ? from - newest - 1 : 0
  if (missed > 0) print({ ...slot, missed, from: newest + 1, to: from - 1 })
  if (next >= to) return missed
  const kinds = kindsOf(registry)
  let covered = next
  // The hour goes on as if the run had never ended.
  let hour = after?.hour ?? 0
  let open: Open | undefined
  const finish = async (): Promise<void> => {
    if (open === undefined) return
    const { file, path, first, last } = open
    open = undefined
    const written = file.close()
    if ((await verifyArchiveFile(path)).sha256 !== written.sha256)
      throw new PipelineError(
        'ARCHIVE_DAMAGED',
        `${path} reads back otherwise than it was written: the disk is not to be trusted`,
      )
    const name = `${folder}/${fileName({ hour, first, last })}`
    await store.publish(path, name)
    covered = last + 1
    print({ ...slot, file: name, records: written.records })
  }
  for await (const records of ranges.read(slot, next, to))
    for (const record of records) {
      const kind = await kinds(record)
      // Producers' clocks differ: an hour ends once, at the first record of a later one.
      const ofRecord = hourOf(record.timestampMs)
      if (open !== undefined && (ofRecord > hour || open.kind !== kind)) await finish()
      hour = Math.max(hour, ofRecord)
      if (open === undefined) {
        const path = await store.stage(folder)
        open = { kind, path, first: covered, last: covered, file: createFile(path, kind, slot, covered) }
      }
      open.file.add(record)
      open.last = record.offset
    }
  await finish()
  return missed
}

type Open = Pick<Archived, 'first'> & {
  readonly kind: ValueKind
  readonly path: string
  last: number
  readonly file: ArchiveFile
}

const createFile = (path: string, kind: ValueKind, { topic, partition }: Slot, first: number): ArchiveFile =>
  createArchiveFile(path, kind, {
    'crosstide.topic': topic,
    'crosstide.partition': String(partition),
    'crosstide.offset': String(first),
  })

/** The kind of a record's value; a value that its schema does not describe is kept raw. */
function kindsOf(registry: string): (record: Incoming) => Promise<ValueKind> {
  const known = new Map<number, ValueKind>()
  return async ({ value }) => {
    const id = schemaIdOf(value)
    if (id === undefined) return RAW
    const kind = known.get(id) ?? (await kindOf(registry, id))
    known.set(id, kind)
    return kind.holds(value) ? kind : RAW
  }
}

async function kindOf(registry: string, id: number): Promise<ValueKind> {
  const text = await readSchemaText(registry, id)
  return text === undefined ? RAW : valuesOf(id, text)
}
