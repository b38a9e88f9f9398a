import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import {
  RAW,
  createArchiveFile,
  readArchiveFile,
  schemaIdOf,
  valuesOf,
  type ArchiveFile,
  type ValueKind,
} from '../io/archive-file.ts'
import { loadConfig } from '../io/config.ts'
import type { Environment, Source } from '../io/environment.ts'
import type { Incoming, Ranges, Slot } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { openTopics } from '../io/kafka/topics.ts'
import { createLog } from '../io/log.ts'
import { readSchemaText } from '../io/registry-subject.ts'
import { catalogue } from '../schemas/topics.ts'
import { fileName, hourOf, parseFileName, resumeAt, slotFolder } from './archive-names.ts'
import { connection } from './endpoints.ts'
import { startOf } from './tail.ts'

export type ArchiveOptions = {
  /** None: all of the catalogue. */
  readonly topics: readonly string[]
  readonly from: string
  readonly to: string
  readonly source: Source | undefined
}

export type ArchiveDeps = {
  readonly ranges: Ranges
  /** Address of the schema registry. */
  readonly registry: string
  readonly folder: string
  readonly print: (line: object) => void
}

/** `crosstide archive FOLDER`: topics as Avro object container files; a run goes on where the last one ended. */
export async function archive(environment: Environment, folder: string, options: ArchiveOptions): Promise<number> {
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
        missed += await archiveSlot({ ranges, registry, folder: resolve(folder), print }, slot, bounds)
      }
    return missed === 0 ? 0 : 1
  } finally {
    await ranges.close()
    await topics.close()
  }
}

/**
 * Archives a slot's records of a range that are not in the folder yet. A file gets its name when it was read back and is
 * what was written, so that whatever has a name is whole. Answers how many records retention took before we came.
 */
export async function archiveSlot(
  deps: ArchiveDeps,
  slot: Slot,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<number> {
  const folder = join(deps.folder, slotFolder(slot))
  await mkdir(folder, { recursive: true })
  const partial = join(folder, 'unfinished.partial')
  await rm(partial, { force: true })
  const files = (await readdir(folder)).flatMap((name) => parseFileName(name) ?? [])
  const newest = Math.max(-1, ...files.map(({ last }) => last))
  const next = resumeAt(from, files)
  // What lies between the newest file and the log's first record is in neither.
  const missed =
    files.length > 0 && from > newest + 1 && (await deps.ranges.bounds(slot)).first === from ? from - newest - 1 : 0
  if (missed > 0) deps.print({ ...slot, missed, from: newest + 1, to: from - 1 })
  if (next >= to) return missed
  const kinds = kindsOf(deps.registry)
  let open: Open | undefined
  const finish = async (): Promise<void> => {
    if (open === undefined) return
    const { file, hour, first, last } = open
    open = undefined
    const written = file.close()
    const found = await readArchiveFile(partial)
    if (found.sha256 !== written.sha256)
      throw new PipelineError(
        'LOG_CHANGED',
        `${partial} reads back otherwise than it was written: the disk is not to be trusted`,
      )
    const name = fileName(hour, first, last)
    await rename(partial, join(folder, name))
    deps.print({ ...slot, file: join(slotFolder(slot), name), records: written.records })
  }
  for await (const records of deps.ranges.read(slot, next, to))
    for (const record of records) {
      const kind = await kinds(record)
      // Producers' clocks differ: an hour ends once, at the first record of a later one.
      const hour = Math.max(open?.hour ?? 0, hourOf(record.timestampMs))
      if (open !== undefined && (open.hour !== hour || open.kind !== kind)) await finish()
      open ??= { kind, hour, first: record.offset, last: record.offset, file: createFile(partial, kind, slot) }
      open.file.add(record)
      open.last = record.offset
    }
  await finish()
  return missed
}

type Open = {
  readonly kind: ValueKind
  readonly hour: number
  readonly first: number
  last: number
  readonly file: ArchiveFile
}

const createFile = (path: string, kind: ValueKind, { topic, partition }: Slot): ArchiveFile =>
  createArchiveFile(path, kind, { 'crosstide.topic': topic, 'crosstide.partition': String(partition) })

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
