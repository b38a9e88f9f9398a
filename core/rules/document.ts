import type { Severity } from '../match.ts'
import type { Stream } from './events.ts'

/** A rule as its document says it (rules.md section 1); expressions and durations are text still. Made by `read.ts` only. */
export type Rule = {
  readonly id: string
  /** An (id, version) never changes. */
  readonly version: number
  readonly name: string
  readonly enabled: boolean
  readonly tags?: readonly string[]
  readonly scope?: Scope
  readonly on: Stream | readonly Stream[]
  readonly where?: string
  readonly by: readonly string[]
  readonly let?: Readonly<Record<string, Aggregate | string>>
  readonly when?: string
  readonly pattern?: Pattern
  readonly edge?: Edge
  readonly hold?: string
  readonly release?: { readonly when?: string; readonly after?: string }
  readonly cooldown?: { readonly for: string; readonly max?: readonly [count: number, period: string] }
  readonly renew?: Renew
  readonly severity: Severity | SeverityCases
  readonly emit: Emit
  readonly onUpdate?: OnUpdate
  readonly tests?: readonly RuleTest[]
}

export const SCOPES = ['asset', 'exchange', 'pair'] as const
export type Scope = (typeof SCOPES)[number]
export const EDGES = ['rising', 'every', 'change'] as const
export type Edge = (typeof EDGES)[number]
export const RENEWALS = ['15m', '1h', '6h', '1d'] as const
export type Renew = (typeof RENEWALS)[number]
export const ON_UPDATE = ['warm', 'keep', 'reset'] as const
export type OnUpdate = (typeof ON_UPDATE)[number]

export type SeverityCases = {
  readonly cases: readonly { readonly if: string; readonly then: Severity }[]
  readonly else: Severity
}

export type Emit = {
  readonly type: string
  readonly fields?: Readonly<Record<string, string>>
  readonly evidence?: { readonly events?: number; readonly inputs?: boolean }
  readonly alert?: boolean
  /** Done by the alert path, once per FIRED; needs `alert: true`. `webhook` names a target of the configuration. */
  readonly action?:
    | { readonly webhook: string }
    | { readonly command: string; readonly arguments?: Readonly<Record<string, string>> }
}

export const AGGREGATES = [
  'count',
  'rate',
  'sum',
  'mean',
  'var',
  'sd',
  'vwap',
  'twap',
  'min',
  'max',
  'first',
  'last',
  'delta',
  'argmin',
  'argmax',
  'median',
  'quantile',
  'distinct',
  'corr',
  'beta',
  'slope',
  'ema',
] as const
export type AggregateName = (typeof AGGREGATES)[number]

/** `of` may name an expression or a series (a tumbling or hopping aggregate of `let`), the latter with a `count` window. */
export type Aggregate = {
  readonly agg: AggregateName
  readonly of?: string | readonly [string, string]
  readonly over: Window
  readonly on?: Stream
  readonly where?: string
  readonly lag?: 0 | 1
  readonly arg?: number
  readonly seed?: 'first' | 'zero'
}

export type Window =
  | { readonly sliding: string }
  | { readonly tumbling: string }
  | { readonly hopping: readonly [size: string, hop: string] }
  | { readonly session: string; readonly max: string }
  | { readonly count: number }
  | { readonly day: 'utc' }

export type Pattern = {
  readonly steps: readonly Step[]
  readonly within: string
  readonly skip?: Skip
  readonly maxPartials?: number
  readonly onTimeout?: boolean
}
export type Skip = 'to-next' | 'none' | 'past-last' | { readonly toFirst: string } | { readonly toLast: string }
export type Follow = 'next' | 'followed' | 'any'
export type SingleStep = {
  readonly as: string
  readonly on?: Stream
  readonly if: string
  readonly follow?: Follow
  readonly times?: number | readonly [least: number, most: number | null]
  readonly inner?: Follow
  readonly greedy?: boolean
  readonly optional?: boolean
  readonly until?: string
  readonly gap?: string
}
export type NotStep = {
  readonly not: { readonly on?: Stream; readonly if: string; readonly follow?: 'next' | 'followed' }
  readonly for?: string
}
export type AnyStep = { readonly any: readonly SingleStep[] }
export type AllStep = { readonly all: readonly SingleStep[] }
export type Step = SingleStep | NotStep | AnyStep | AllStep

export type RuleTest = {
  readonly name: string
  /** Where the clock stops; else it runs on after the last record for as long as `within`, `hold` and `release.after`. */
  readonly until?: string
  readonly given: readonly {
    readonly at: string
    readonly stream: Stream
    readonly set: Readonly<Record<string, unknown>>
    readonly repeat?: number
    readonly every?: string
  }[]
  readonly expect: readonly {
    readonly at?: string
    readonly type?: string
    readonly phase?: string
    readonly severity?: Severity
    readonly key?: Readonly<Record<string, unknown>>
    readonly fields?: Readonly<Record<string, unknown>>
  }[]
}

/**
 * The document 'rules' that Control ticks carry: all that is active, whole. `shadow` are evaluated and recorded without
 * alerting, beside another version of the same id or alone. Both sorted by id; in each an id stands once.
 */
export type RuleSet = { readonly rules: readonly Rule[]; readonly shadow: readonly Rule[] }
export const RULES_DOCUMENT = 'rules'

/** In the order written; one stream may stand alone. */
export const streamsOf = ({ on }: Pick<Rule, 'on'>): readonly Stream[] => (typeof on === 'string' ? [on] : on)
