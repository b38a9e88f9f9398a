import { createHash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import type { Pool, PoolClient } from 'pg'
import { canonicalJson } from '../core/canonical-json.ts'
import { RULES_DOCUMENT, type Rule, type RuleSet } from '../core/rules/document.ts'
import { readRule } from '../core/rules/read/read.ts'
import { canonicalRule } from '../core/rules/read/rule-set.ts'
import {
  grant,
  hashOf,
  idOf,
  newestOf,
  type Granted,
  type Refusal,
  type Standing,
  type Wish,
} from '../core/rules/standing.ts'
import { hashOfDocument } from './control-documents.ts'
import { chosen, documentsOf, loadStandings, stateBytesOf, type Chosen, type Rows } from './rules-rows.ts'

/** Who changes rules: the name of an API key, `user@host`, or `bootstrap`. */
export type Author = { readonly author: string; readonly fromFile: boolean }

/** Of the rules as they are looked at; they may be others by the time they were read. */
export type Shelf = Pick<RuleBook, 'standing' | 'ids' | 'versions' | 'active'>

/** One thing that was done, as it stands in `rule_changes`. */
export type RuleChange = {
  readonly action: string
  readonly id: string
  readonly version: number | undefined
  readonly beforeHash: string | undefined
  readonly afterHash: string
  readonly after: Standing
}

/** Everything about the rules at one moment that nobody else can change. */
export type RuleBook = {
  /** `undefined`: there never was one. */
  standing(id: string): Standing | undefined
  ids(): readonly string[]
  /** Every version of a rule that can be read today. */
  versions(id: string): Promise<readonly Rule[]>
  /** What is active or in the shadow of all rules, by what was granted so far. */
  active(): Promise<RuleSet>
  /** What a new version's state takes at most. */
  weigh(rule: Rule, bytes: number): void
  /** Does it, if it may be; `document` with `create` and `update`. */
  ask(wish: Wish, document?: unknown): Granted | { readonly refusal: Refusal }
}

/** `epoch`: of the rule set that it made; `undefined`: nothing that is active changed. */
export type Done<Result> = {
  readonly kind: 'done'
  readonly result: Result
  readonly epoch: number | undefined
  readonly changes: readonly RuleChange[]
}
export type Outcome<Result> =
  | Done<Result>
  | { readonly kind: 'abandoned'; readonly result: Result }
  /** Somebody else was at it for longer than we wait, or came in between. */
  | { readonly kind: 'busy' }
  | TooLarge

/** All that would be active takes too much: of a record of the log, or of the memory of a partition's processor. */
export type TooLarge = {
  readonly kind: 'too_large'
  readonly what: 'record' | 'state'
  readonly bytes: number
  readonly most: number
}

/** What `act` says at its end: all that was asked for is done, or nothing. */
export type Verdict<Result> = { readonly keep: boolean; readonly result: Result }

/** A Control tick is at most one record of 1 MiB, beside which others stand; readers unpack at most 16 MiB. */
export const MOST_SET_BYTES = 400_000
const MOST_UNPACKED_BYTES = 8_000_000
/** Of one partition; a rule by itself may take 64 MiB. */
export const MOST_STATE_BYTES = 512 * 1024 * 1024

const JUDGING_MS = 10_000
const JUDGED_MS = 200

export const hashOfRule = (rule: Rule): string => createHash('sha256').update(canonicalRule(rule)).digest('hex')

/** As `api_rw`. */
type Database = Pick<Pool, 'connect'>

/**
 * Changes rules, one writer at a time: under the lock of the document 'rules' `act` sees how they stand and says what shall
 * become of them; versions, what is active, the record of who did what, and the next epoch of the rule set are one transaction.
 * `many`: how many documents it is about.
 */
export async function changeRules<Result>(
  database: Database,
  by: Author,
  act: (book: RuleBook, client: PoolClient) => Promise<Verdict<Result>>,
  many = 1,
): Promise<Outcome<Result>> {
  const client = await database.connect()
  let failure: unknown
  try {
    await client.query('begin')
    // In between each document is judged, for milliseconds, and its tests run, for seconds at most.
    await client.query(`set local idle_in_transaction_session_timeout = ${JUDGING_MS + JUDGED_MS * many}`)
    await client.query("select pg_advisory_xact_lock(hashtextextended('crosstide document rules', 0))")
    const outcome = await change(client, by, act)
    await client.query(outcome.kind === 'done' ? 'commit' : 'rollback')
    return outcome
  } catch (error) {
    failure = error
    if (BUSY.has(codeOf(error))) return { kind: 'busy' }
    throw error
  } finally {
    // What was left in the middle is not used again.
    client.release(failure !== undefined)
  }
}

/** Lock not available in time; serialisation failure, which `ingest.add_rule_set` raises as well. */
const BUSY: ReadonlySet<string> = new Set(['55P03', '40001', '40P01'])

async function change<Result>(
  client: PoolClient,
  by: Author,
  act: (book: RuleBook, client: PoolClient) => Promise<Verdict<Result>>,
): Promise<Outcome<Result>> {
  const before = await loadStandings(client)
  const now = new Map(before)
  const changes: RuleChange[] = []
  const drafts = new Map<string, unknown>()
  const weights = new Map<string, number>()
  const book: RuleBook = {
    ...shelf(client, now, drafts),
    weigh: ({ id, version }, bytes) => void weights.set(chosen(id, version), bytes),
    ask(wish, document) {
      const id = idOf(wish)
      const old = now.get(id)
      const granted = grant(old, wish)
      if ('refusal' in granted || granted.after === old) return granted
      const { after, added } = granted
      now.set(id, after)
      if (added) drafts.set(chosen(id, newestOf(after)), document)
      changes.push({
        action: wish.kind,
        id,
        version: versionOf(wish, after),
        beforeHash: old === undefined ? undefined : hashOf(old),
        afterHash: hashOf(after),
        after,
      })
      return granted
    },
  }
  const { keep, result } = await act(book, client)
  if (!keep) return { kind: 'abandoned', result }
  await insertVersions(client, by, drafts, weights, now)
  const isMoved = changes.some(({ id }) => spoken(before.get(id)) !== spoken(now.get(id)))
  let epoch: number | undefined
  if (isMoved) {
    const set = await activeSet(client, now, drafts)
    const text = canonicalJson(set)
    const bytes = zstdCompressSync(text).length
    if (bytes > MOST_SET_BYTES || text.length > MOST_UNPACKED_BYTES)
      return { kind: 'too_large', what: 'record', bytes, most: MOST_SET_BYTES }
    const state = await stateBytesOf(client, wantedOf(now))
    if (state > MOST_STATE_BYTES) return { kind: 'too_large', what: 'state', bytes: state, most: MOST_STATE_BYTES }
    epoch = await addSet(client, by, set, text)
  }
  await writeStandings(client, by, changes, before, epoch)
  return { kind: 'done', result, epoch, changes }
}

/** Without the lock: to judge a document by. As any role that may read. */
export const lookAtRules = async (database: Rows): Promise<Shelf> =>
  shelf(database, await loadStandings(database), new Map())

const shelf = (database: Rows, now: ReadonlyMap<string, Standing>, drafts: ReadonlyMap<string, unknown>): Shelf => ({
  standing: (id) => now.get(id),
  ids: () => [...now.keys()],
  versions: async (id) => (await documentsOf(database, id)).flatMap(readable),
  active: () => activeSet(database, now, drafts),
})

const readable = (document: unknown): readonly Rule[] => {
  const read = readRule(document)
  return 'rule' in read ? [read.rule] : []
}

function versionOf(wish: Wish, after: Standing): number | undefined {
  switch (wish.kind) {
    case 'create':
    case 'update':
      return newestOf(after)
    case 'activate':
      return wish.shadow ? after.shadow : after.active
    case 'rollback':
      return after.active
    case 'deactivate':
    case 'delete':
      return undefined
  }
}

/** What of a rule the set holds. */
const spoken = (standing: Standing | undefined): string => `${standing?.active ?? ''} ${standing?.shadow ?? ''}`

const wantedOf = (standings: ReadonlyMap<string, Standing>): readonly Chosen[] =>
  [...standings.values()].flatMap(({ id, active, shadow }) =>
    [active, shadow].flatMap((version) => (version === undefined ? [] : [{ id, version }])),
  )

/** Whole, sorted by id; whatever a document says of itself, what stands here is enabled. */
async function activeSet(
  client: Rows,
  standings: ReadonlyMap<string, Standing>,
  drafts: ReadonlyMap<string, unknown>,
): Promise<RuleSet> {
  const all = [...standings.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const stored = await documentsOf(client, wantedOf(standings))
  const rules = new Map(
    [...stored, ...drafts.values()].flatMap((document) =>
      readable(document).map((rule) => [chosen(rule.id, rule.version), rule] as const),
    ),
  )
  const pick = (of: 'active' | 'shadow'): readonly Rule[] =>
    all.flatMap((standing) => {
      const version = standing[of]
      if (version === undefined) return []
      const rule = rules.get(chosen(standing.id, version))
      // Written by a version of crosstide that knew more than this one: to leave it out would silence it unasked.
      if (rule === undefined) throw new Error(`version ${version} of the rule ${standing.id} cannot be read`)
      return [{ ...rule, enabled: true }]
    })
  return { rules: pick('active'), shadow: pick('shadow') }
}

async function insertVersions(
  client: PoolClient,
  { author, fromFile }: Author,
  drafts: ReadonlyMap<string, unknown>,
  weights: ReadonlyMap<string, number>,
  standings: ReadonlyMap<string, Standing>,
): Promise<void> {
  for (const [key, document] of drafts) {
    const [id = '', version = ''] = key.split('@')
    const hash = standings.get(id)?.versions.get(Number(version))
    await client.query(
      'insert into public.rules (rule_id, version, document, hash, author, from_file, state_bytes) values ($1, $2, $3, $4, $5, $6, $7)',
      [id, version, JSON.stringify(document), hash, author, fromFile, Math.ceil(weights.get(key) ?? 0)],
    )
  }
}

async function addSet(client: PoolClient, { author, fromFile }: Author, set: RuleSet, text: string): Promise<number> {
  const { rows: heads } = await client.query<{ epoch: string }>(
    'select coalesce(max(epoch), 0) as epoch from public.control_documents where document_id = $1',
    [RULES_DOCUMENT],
  )
  const { rows } = await client.query<{ epoch: string }>(
    'select ingest.add_rule_set($1::jsonb, $2, $3, $4, $5) as epoch',
    [text, hashOfDocument(set), author, fromFile, heads[0]?.epoch],
  )
  return Number(rows[0]?.epoch)
}

async function writeStandings(
  client: PoolClient,
  { author }: Author,
  changes: readonly RuleChange[],
  before: ReadonlyMap<string, Standing>,
  epoch: number | undefined,
): Promise<void> {
  for (const { action, id, version, beforeHash, afterHash, after } of changes) {
    const made = spoken(before.get(id)) === spoken(after) ? undefined : epoch
    const spoke = before.get(id)?.active === after.active ? undefined : epoch
    await client.query(
      `insert into public.rule_states as s
         (rule_id, active_version, previous_version, shadow_version, deleted, epoch, active_epoch, changed_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (rule_id) do update set
         active_version = excluded.active_version, previous_version = excluded.previous_version,
         shadow_version = excluded.shadow_version, deleted = excluded.deleted,
         epoch = coalesce(excluded.epoch, s.epoch), active_epoch = coalesce(excluded.active_epoch, s.active_epoch),
         changed_at = now(), changed_by = excluded.changed_by`,
      [id, after.active, after.previous, after.shadow, after.isDeleted, made, spoke, author],
    )
    await client.query(
      `insert into public.rule_changes
         (author, action, rule_id, version, before_hash, after_hash, active_version, shadow_version, epoch)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [author, action, id, version, beforeHash, afterHash, after.active, after.shadow, made],
    )
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}
