import { z } from 'zod'
import { select, type Database } from '../deps.ts'
import { iso } from './columns.ts'
import { number, optional, text } from './rows.ts'

const version = z.object({
  id: text,
  version: number,
  hash: text,
  author: text,
  createdAt: text,
  document: z.unknown(),
})
const rule = version.extend({
  activeVersion: optional(number),
  previousVersion: optional(number),
  shadowVersion: optional(number),
  epoch: optional(number),
  publishedAt: optional(text),
  activeEpoch: optional(number),
  activePublishedAt: optional(text),
  activeDocument: z.unknown(),
  scope: text,
  silentAt: optional(text),
})

export type RuleRow = z.output<typeof rule>
export type RuleVersionRow = z.output<typeof version>

const VERSION = `r.rule_id as id, r.version::float8 as version, r.hash, r.author, ${iso('r.created_at')} as "createdAt", r.document`

const published = (epoch: string): string =>
  `(select ${iso('min(c.published_at)')} from public.control_documents c where c.document_id = 'rules' and c.epoch >= ${epoch})`

/** The newest document of each rule that is not deleted. A set that was published brought all before it along. */
const RULES = `
select ${VERSION},
       s.active_version::float8 as "activeVersion", s.previous_version::float8 as "previousVersion",
       s.shadow_version::float8 as "shadowVersion", s.epoch::float8 as epoch,
       ${published('s.epoch')} as "publishedAt", ${published('s.active_epoch')} as "activePublishedAt",
       s.active_epoch::float8 as "activeEpoch", a.document as "activeDocument",
       coalesce(a.document ->> 'scope', 'asset') as scope,
       (select ${iso('max(h.at)')} from public.rule_changes h
         where h.rule_id = s.rule_id and h.active_version is null and h.epoch is not null) as "silentAt"
  from public.rule_states s
 cross join lateral (select * from public.rules v where v.rule_id = s.rule_id order by v.version desc limit 1) r
  left join public.rules a on a.rule_id = s.rule_id and a.version = s.active_version
 where not s.deleted`

/** Rules by id, from after one of them. */
export const selectRules = (
  database: Database,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly RuleRow[]> =>
  select(database, rule, `${RULES} and ($1::text is null or s.rule_id > $1) order by s.rule_id limit $2`, [
    after,
    limit,
  ])

export async function selectRule(database: Database, id: string): Promise<RuleRow | undefined> {
  const [row] = await select(database, rule, `${RULES} and s.rule_id = $1`, [id])
  return row
}

/** Versions of a rule, of a deleted one too, the newest first, from below one of them. */
export const selectRuleVersions = (
  database: Database,
  { id, below, limit }: { readonly id: string; readonly below: number | undefined; readonly limit: number },
): Promise<readonly RuleVersionRow[]> =>
  select(
    database,
    version,
    `select ${VERSION} from public.rules r
      where r.rule_id = $1 and ($2::bigint is null or r.version < $2)
      order by r.version desc limit $3`,
    [id, below, limit],
  )

export async function isRule(database: Database, id: string): Promise<boolean> {
  const rows = await select(
    database,
    z.object({ id: text }),
    'select rule_id as id from public.rule_states where rule_id = $1',
    [id],
  )
  return rows.length > 0
}

const finding = z.object({ id: text, version: text, finding: text, at: text, partition: text })
const set = z.object({ partition: text, epoch: number })
export type RuleFinding = z.output<typeof finding>
export type RuleFindings = {
  readonly rules: readonly RuleFinding[]
  readonly sets: readonly z.output<typeof set>[]
}

/** What the processors made of some rules: of each partition the newest word on who speaks, and the newest set in force. */
export async function selectRuleFindings(database: Database, ids: readonly string[]): Promise<RuleFindings> {
  const rules = await select(
    database,
    finding,
    `select distinct on (details ->> 'ruleId', instance, details ->> 'finding')
            details ->> 'ruleId' as id, coalesce(details ->> 'version', '') as version,
            details ->> 'finding' as finding, ${iso('time')} as at, instance as partition
       from public.system_events
      where details ? 'ruleId' and details ->> 'ruleId' = any($1::text[])
        and details ->> 'finding' in ('RULE_ACTIVE', 'RULE_HALTED') and coalesce(details ->> 'shadow', 'false') = 'false'
      order by details ->> 'ruleId', instance, details ->> 'finding', system_events.time desc, sequence desc`,
    [ids],
  )
  const sets = await select(
    database,
    set,
    `select distinct on (instance) instance as partition, (details ->> 'epoch')::float8 as epoch
       from public.system_events
      where details ->> 'finding' = 'RULES_IN_FORCE'
      order by instance, system_events.time desc, sequence desc`,
    [],
  )
  return { rules, sets }
}

const stat = z.object({
  version: number,
  fired1h: number,
  resolved1h: number,
  timeout1h: number,
  fired24h: number,
  resolved24h: number,
  timeout24h: number,
  shadow24h: number,
  suppressed24h: number,
  alerts1h: number,
  alerts24h: number,
  lastFired: optional(text),
  feed: optional(text),
  asOf: optional(text),
})

/** What each version of a rule did of late, the newest version first. */
export const selectRuleStats = (database: Database, id: string): Promise<readonly z.output<typeof stat>[]> =>
  select(
    database,
    stat,
    `select rule_version::float8 as version, fired_1h::float8 as "fired1h", resolved_1h::float8 as "resolved1h",
            timeout_1h::float8 as "timeout1h", fired_24h::float8 as "fired24h", resolved_24h::float8 as "resolved24h",
            timeout_24h::float8 as "timeout24h", shadow_24h::float8 as "shadow24h",
            suppressed_24h::float8 as "suppressed24h", alerts_1h::float8 as "alerts1h", alerts_24h::float8 as "alerts24h",
            ${iso('last_fired')} as "lastFired", feed, ${iso('as_of')} as "asOf"
       from public.rule_stats
      where rule_id = $1
      order by rule_version desc
      limit 1000`,
    [id],
  )
