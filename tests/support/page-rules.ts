import { createHash } from 'node:crypto'
import { LOCAL } from '../../api/access.ts'
import { matchesStatement } from '../../consumers/matches-sink.ts'
import type { Rule } from '../../core/rules/document.ts'
import type { Match } from '../../core/match.ts'
import type { Derived } from '../../core/processor.ts'
import type { ApiRig } from './api.ts'
import { startPageRig, type PageRig } from './page-rig.ts'

export const WRITE_KEY = 'a-key-that-may-write-01234567'
const hash = (key: string): string => createHash('sha256').update(key).digest('hex')

/** As `crosstide up` leaves it: reading takes no key, writing one. */
export const startRulesPage = (): Promise<PageRig> => startPageRig({ ...LOCAL, localKeyHash: hash(WRITE_KEY) })

/** Keeps a rule as anybody does who has the key. */
export async function keepRule(rig: ApiRig, rule: Rule, method: 'POST' | 'PUT' = 'POST'): Promise<void> {
  const path = method === 'POST' ? '/api/v1/rules' : `/api/v1/rules/${rule.id}`
  const response = await fetch(`${rig.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${WRITE_KEY}`, 'content-type': 'application/json', 'if-match': '*' },
    body: JSON.stringify(rule),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}

/** What the publisher and the processors of both partitions tell of a rule that they took over. */
export async function bringIntoForce(rig: ApiRig, id: string, version: number): Promise<void> {
  const { pool } = rig.database
  await pool.query("update ingest.outbox set published_at = now() where document_id = 'rules'")
  const { rows } = await pool.query<{ epoch: string }>(
    "select max(epoch) as epoch from public.control_documents where document_id = 'rules'",
  )
  for (const partition of [0, 1])
    for (const details of [
      { finding: 'RULES_IN_FORCE', documentId: 'rules', epoch: rows[0]?.epoch },
      { finding: 'RULE_ACTIVE', ruleId: id, version: String(version), shadow: 'false' },
    ])
      await pool.query(
        `insert into system_events (service, instance, sequence, time, kind, message, details, log_offset)
         values ('market', $1, extract(epoch from clock_timestamp()) * 1e6, clock_timestamp(), 'QUALITY', '', $2, 0)`,
        [`market partition ${partition}`, details],
      )
}

/** Stores matches by the statement of the sink. */
export function matchStore(rig: ApiRig): (...values: readonly Derived<Match>[]) => Promise<void> {
  let next = 0
  return async (...values) => {
    const slot = { topic: rig.topics.matches.name, partition: 0 }
    if (next === 0)
      await rig.database.pool.query(
        "insert into ingest.offsets (consumer, topic, part, next_offset) values ('sink-matches', $1, 0, 0)",
        [slot.topic],
      )
    const move = { consumer: 'sink-matches', slot, from: next, to: next + values.length, tail: undefined }
    const entries = values.map((value, index) => {
      const offset = next + index
      return { record: { offset, key: null, value: null, timestampMs: 0 }, offset, value }
    })
    const { text, values: parameters } = matchesStatement(move, entries, [])
    const { rows } = await rig.database.pool.query(text, [...parameters])
    if (rows[0]?.moved !== 1) throw new Error('the sink did not move')
    next = move.to
    // As upkeep does each minute.
    await rig.database.pool.query("select ingest.refresh_view('rule_stats')")
  }
}
