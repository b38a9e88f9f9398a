import type { Alert } from '../../alert.ts'
import type { OpenControl } from '../../arrivals.ts'
import type { Finding } from '../../finding.ts'
import type { Match } from '../../match.ts'
import type { Micros } from '../../time.ts'
import type { RuleEvent } from '../events.ts'

/**
 * All that one input record brings to the rules, in this order: the record itself, what the steps before made of it. `now` is T
 * with the record; timers up to it run before its events. A record that brings nothing still moves the clock.
 */
export type Batch = {
  readonly offset: number
  readonly now: Micros
  readonly events: readonly RuleEvent[]
  /** A Control record, which brings no events; of the documents the engine takes 'rules'. */
  readonly control: OpenControl | undefined
}

/** An alert directly follows the match it is about. Findings: what became of a rule set and of a version. */
export type RuleOutput =
  | { readonly kind: 'match'; readonly match: Match }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'finding'; readonly finding: Finding }
