import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { TopicSpec } from '../schemas/topics.ts'
import { parseConfig, type Config } from './config.ts'
import { pause } from './kafka/backoff.ts'
import type { Incoming, Outgoing, Ranges } from './kafka/port.ts'
import type { Log } from './log.ts'

/** The key of the configuration among the control documents. */
const KEY = 'configuration'
const RETRY_MS = 1000

/** The configuration as a control document: what producers follow while they run. */
export type Configuration = {
  /** Counts up by one with each change. */
  readonly epoch: number
  readonly hash: string
  readonly config: Config
  /** Of the file's configuration when bootstrap last took it: an edited file is newer than what was applied since. */
  readonly fileHash: string
  /** Who put it there, and when: ISO 8601 UTC. */
  readonly by: string
  readonly at: string
}

const envelope = z.object({
  documentId: z.literal(KEY),
  epoch: z.int().min(1),
  hash: z.string(),
  fileHash: z.string(),
  by: z.string(),
  at: z.string(),
  body: z.unknown(),
})

export const hashOf = (config: Config): string => createHash('sha256').update(JSON.stringify(config)).digest('hex')

/** The control document of a configuration that follows `before`. */
export function nextConfiguration(
  before: Configuration | undefined,
  config: Config,
  { by, at, fileHash }: Pick<Configuration, 'by' | 'at'> & { readonly fileHash?: string },
): Configuration {
  const hash = hashOf(config)
  return { epoch: (before?.epoch ?? 0) + 1, hash, config, fileHash: fileHash ?? before?.fileHash ?? '', by, at }
}

export function configurationRecord(control: TopicSpec, configuration: Configuration): Outgoing {
  const { config, at, ...rest } = configuration
  const value = Buffer.from(JSON.stringify({ documentId: KEY, ...rest, at, body: config }))
  return { topic: control.name, partition: 0, key: Buffer.from(KEY), value, timestampMs: Date.parse(at) }
}

/** The configuration in effect, `undefined` if none was published; `next` is where to read on. */
export async function readConfiguration(
  ranges: Ranges,
  control: TopicSpec,
  log: Log,
): Promise<{ readonly found: Configuration | undefined; readonly next: number }> {
  const slot = { topic: control.name, partition: 0 }
  const { first, end } = await ranges.bounds(slot)
  let found: Configuration | undefined
  for await (const records of ranges.read(slot, first, end)) found = newest(found, records, log)
  return { found, next: end }
}

/** Tells of each newer configuration as it is published, until the signal ends it. Never gives up. */
export async function followConfiguration(deps: {
  readonly ranges: Ranges
  readonly control: TopicSpec
  readonly log: Log
  readonly signal: AbortSignal
  /** What is known already. */
  readonly known: Configuration | undefined
  readonly changed: (configuration: Configuration) => void
}): Promise<void> {
  const { ranges, control, log, signal, changed } = deps
  let { known } = deps
  const take = (configuration: Configuration | undefined): void => {
    if (configuration === undefined || configuration === known) return
    known = configuration
    changed(configuration)
  }
  while (!signal.aborted) {
    try {
      const { found, next } = await readConfiguration(ranges, control, log)
      take(found !== undefined && found.epoch > (known?.epoch ?? 0) ? found : known)
      for await (const { records } of ranges.follow([{ topic: control.name, partition: 0, next }], signal))
        take(newest(known, records, log))
    } catch (error) {
      if (signal.aborted) return
      log.warn({ err: error }, 'configuration_not_read')
      await pause(RETRY_MS, signal)
    }
  }
}

/** A lower epoch is an old one; the same with another content, or one that cannot be read, is a fault that changes nothing. */
function newest(before: Configuration | undefined, records: readonly Incoming[], log: Log): Configuration | undefined {
  let found = before
  for (const { key, value, offset } of records) {
    if (key?.toString() !== KEY || value === null) continue
    const configuration = parse(value, offset, log)
    if (configuration === undefined) continue
    if (configuration.epoch > (found?.epoch ?? 0)) found = configuration
    else if (configuration.epoch === found?.epoch && configuration.hash !== found.hash)
      log.error({ offset, epoch: configuration.epoch }, 'configuration_epoch_twice')
  }
  return found
}

function parse(value: Buffer, offset: number, log: Log): Configuration | undefined {
  try {
    const { body, epoch, hash, fileHash, by, at } = envelope.parse(JSON.parse(value.toString()))
    return { epoch, hash, fileHash, by, at, config: parseConfig(body, `the configuration document at ${offset}`) }
  } catch (error) {
    log.error({ offset, err: error }, 'configuration_unreadable')
    return undefined
  }
}
