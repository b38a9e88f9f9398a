import { createHash } from 'node:crypto'
import { z } from 'zod'
import { PipelineError } from '../core/errors.ts'
import type { TopicSpec } from '../schemas/topics.ts'
import type { Outgoing, Ranges } from './kafka/port.ts'
import type { openPool } from './postgres.ts'

/**
 * The log's identity: one uuid as a control document in Kafka and as a row in PostgreSQL. Nothing starts where the two
 * differ, because the offsets in the database would speak of another log.
 */
type Database = Pick<ReturnType<typeof openPool>, 'query'>

const KEY = 'log-id'

const document = z.object({ documentId: z.literal(KEY), epoch: z.int(), body: z.object({ logId: z.uuid() }) })

/** The log id that stands in the control topic, `undefined` if there is none. */
export async function logIdOfKafka(ranges: Ranges, control: TopicSpec): Promise<string | undefined> {
  const slot = { topic: control.name, partition: 0 }
  const { first, end } = await ranges.bounds(slot)
  let found: string | undefined
  for await (const records of ranges.read(slot, first, end)) {
    for (const { key, value } of records) {
      if (key?.toString() === KEY && value !== null) found = document.parse(JSON.parse(value.toString())).body.logId
    }
  }
  return found
}

/** The log id that the database was bound to, `undefined` if to none. Any role may ask. */
export async function logIdOfDatabase(database: Database): Promise<string | undefined> {
  try {
    const { rows } = await database.query<{ log_id: string }>('select log_id from public.log_identity')
    return rows[0]?.log_id
  } catch (error) {
    // Never bootstrapped: no such view, or no such role to ask it as.
    if (error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '22023'))
      return undefined
    throw error
  }
}

/** The control document that says a log id; its timestamp is the caller's. */
export function logIdRecord(control: TopicSpec, logId: string, timestampMs: number): Outgoing {
  const body = { logId }
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex')
  const value = Buffer.from(JSON.stringify({ documentId: KEY, epoch: 1, hash, body }))
  return { topic: control.name, partition: 0, key: Buffer.from(KEY), value, timestampMs }
}

/** Throws DATABASE_MISMATCH unless the log and the database belong to each other; answers the log id. */
export async function checkLogId(ranges: Ranges, control: TopicSpec, database: Database): Promise<string> {
  const [ofKafka, ofDatabase] = [await logIdOfKafka(ranges, control), await logIdOfDatabase(database)]
  if (ofKafka !== undefined && ofKafka === ofDatabase) return ofKafka
  throw mismatch(ofKafka, ofDatabase)
}

export function mismatch(ofKafka: string | undefined, ofDatabase: string | undefined): PipelineError {
  const said = `Kafka says ${ofKafka ?? 'none'}, PostgreSQL says ${ofDatabase ?? 'none'}`
  const advice =
    ofKafka === undefined && ofDatabase === undefined
      ? 'run: crosstide bootstrap'
      : 'start each with its own, or begin anew on both sides: crosstide reset'
  return new PipelineError('DATABASE_MISMATCH', `this database belongs to another log (log id: ${said}); ${advice}`)
}
