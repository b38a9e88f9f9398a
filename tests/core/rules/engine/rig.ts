import { canonicalJson } from '../../../../core/canonical-json.ts'
import type { Match } from '../../../../core/match.ts'
import type { Rule } from '../../../../core/rules/document.ts'
import type { Batch, RuleOutput } from '../../../../core/rules/engine/batch.ts'
import { ruleEngine, type RuleEngineSettings } from '../../../../core/rules/engine/engine.ts'
import type { RulesState } from '../../../../core/rules/engine/state.ts'
import type { RuleEvent, TradeEvent } from '../../../../core/rules/events.ts'
import { micros, MICROS_PER_SECOND, type Micros } from '../../../../core/time.ts'

/** 12:00:00 of a day: a multiple of every renewal but a day's. */
export const NOON = Date.UTC(2026, 0, 5, 12) * 1000
export const at = (seconds: number): Micros => micros(Math.round(NOON + seconds * MICROS_PER_SECOND))

export const rule = (more: Partial<Rule> & Pick<Rule, 'id'>): Rule => ({
  version: 1,
  name: more.id,
  enabled: true,
  on: 'trade',
  by: ['symbol'],
  severity: 'info',
  emit: { type: more.id.toUpperCase() },
  ...more,
})

/** What one record brings; the rig gives offsets. */
export type Row = Omit<Batch, 'offset'>

export const trade = (seconds: number, more: Partial<TradeEvent> = {}): TradeEvent => ({
  stream: 'trade',
  offset: 0,
  at: at(seconds),
  feed: 'LIVE',
  exchange: 'kraken',
  symbol: 'BTC-USDT',
  base: 'BTC',
  quoteAsset: 'USDT',
  eventTime: at(seconds),
  receiveTime: at(seconds),
  sequence: 0,
  id: '1',
  side: 'BUY',
  price: 100,
  size: 1,
  ...more,
})

export const row = (seconds: number, ...events: readonly RuleEvent[]): Row => ({
  now: at(seconds),
  events,
  control: undefined,
})
export const traded = (seconds: number, more: Partial<TradeEvent> = {}): Row => row(seconds, trade(seconds, more))

let epochs = 0
/** A record that puts rules in force; a higher epoch each time. */
export function control(
  seconds: number,
  rules: readonly Rule[],
  {
    shadow = [],
    epoch = (epochs += 1),
    now = at(seconds),
  }: { shadow?: readonly Rule[]; epoch?: number; now?: Micros } = {},
): Row {
  const byId = (all: readonly Rule[]): readonly Rule[] => all.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const document = { rules: byId(rules), shadow: byId(shadow) }
  const hash = canonicalJson(document)
  return { now, events: [], control: { kind: 'control', documentId: 'rules', epoch, hash, document } }
}

export type Ran = {
  readonly outputs: readonly RuleOutput[]
  readonly matches: readonly Match[]
  readonly tally: ReadonlyMap<string, number>
  readonly state: RulesState
}

/** Runs rows from the beginning; with `isCloned` the state is restored from a snapshot before each. */
export function run(
  rows: readonly Row[],
  {
    isCloned = false,
    mayRefuse = false,
    ...settings
  }: Partial<RuleEngineSettings> & { isCloned?: boolean; mayRefuse?: boolean } = {},
): Ran {
  const engine = ruleEngine({ scope: 'asset', ...settings })
  const outputs: RuleOutput[] = []
  const tally = new Map<string, number>()
  let state = engine.initial()
  for (const [offset, batch] of rows.entries()) {
    if (isCloned) state = structuredClone(state)
    const events = batch.events.map((event) => ({ ...event, offset }))
    engine.step(
      state,
      { ...batch, events, offset },
      {
        emit(output) {
          if (!mayRefuse && output.kind === 'finding' && output.finding.kind === 'CONTROL_REFUSED')
            throw new Error(JSON.stringify(output.finding))
          outputs.push(output)
        },
        count: (what, by = 1) => void tally.set(what, (tally.get(what) ?? 0) + by),
      },
    )
  }
  const matches = outputs.flatMap((output) => (output.kind === 'match' ? [output.match] : []))
  return { outputs, matches, tally, state }
}

/** `FIRED 5`, `RESOLVED(renew) 900`: seconds after noon. */
export const brief = ({ phase, reason, at: when }: Match): string =>
  `${phase}${reason === undefined ? '' : `(${reason})`} ${(when - NOON) / MICROS_PER_SECOND}`
