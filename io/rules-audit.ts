import type { Announcer } from './announcer.ts'
import type { Log } from './log.ts'
import type { DeskDeps } from './rules-desk.ts'

/** Puts each change of a rule on record for operators; `rule_changes` holds the same and cannot miss one. */
export const auditRules =
  (announcer: Pick<Announcer, 'event'>, log: Log): DeskDeps['audit'] =>
  ({ author }, { action, id, version, beforeHash, afterHash, after }, epoch) => {
    const facts = {
      audit: `rule_${action}`,
      by: author,
      rule: id,
      version: textOf(version),
      before: beforeHash ?? '',
      after: afterHash,
      active: textOf(after.active),
      shadow: textOf(after.shadow),
      epoch: textOf(epoch),
    }
    log.info(facts, 'rule_changed')
    announcer.event({ kind: 'NOTE', message: `${action} of the rule ${id} by ${author}`, details: facts })
  }

const textOf = (value: number | undefined): string => (value === undefined ? '' : String(value))
