import { durationMicros } from '../../../core/rules/duration.ts'
import type { Rule, RuleTest } from '../../../core/rules/document.ts'
import { ruleEngine } from '../../../core/rules/engine/engine.ts'
import type { RuleEvent } from '../../../core/rules/events.ts'
import { readExpression } from '../../../core/rules/expression/read-expression.ts'
import type { Names } from '../../../core/rules/frame.ts'
import { STREAM_FIELDS } from '../../../core/rules/stream-fields.ts'
import type { Match } from '../../../core/match.ts'
import { micros, type Micros } from '../../../core/time.ts'

/** Clock of a test: 2024-01-01T00:00:00Z (rules.md section 13). */
const START = Date.UTC(2024, 0, 1) * 1000
const momentOf = (text: string): Micros => micros(START + (durationMicros(text) ?? Number.NaN))

/** `i` alone means something in the expressions of a test. */
function valueOf(text: string, i: number): unknown {
  const unknown = () => ({ code: 'E102', message: 'only i is known' })
  const names: Names = {
    named: (name) => (name === 'i' ? { type: 'number', read: () => i } : unknown()),
    ofStep: unknown,
    overStep: unknown,
    previous: unknown,
  }
  const read = readExpression(text, names)
  if ('problems' in read) throw new TypeError(JSON.stringify(read.problems))
  const [event] = eventsOf({ at: '0s', stream: 'trade', set: {} })
  if (event === undefined) throw new TypeError('no event')
  return read.expression.read({ event, now: event.at, stamp: 0, slots: [], taken: undefined, earlier: [] })
}

const isEvent = (value: object): value is RuleEvent => 'stream' in value

/** What a test does not set is absent. */
function eventsOf({ at, stream, set, repeat = 1, every = '1s' }: RuleTest['given'][number]): readonly RuleEvent[] {
  const absent = STREAM_FIELDS[stream].map(({ name, type }) => [
    name,
    type === 'string' || type === 'bool' ? undefined : NaN,
  ])
  return Array.from({ length: repeat }, (_, i) => {
    const values = Object.entries(set).map(([name, value]) => [
      name,
      typeof value === 'string' && value.startsWith('=') ? valueOf(value.slice(1), i) : value,
    ])
    const event = {
      ...Object.fromEntries([...absent, ...values]),
      stream,
      offset: 0,
      at: micros(momentOf(at) + i * (durationMicros(every) ?? 0)),
      feed: 'SIMULATED',
    }
    if (!isEvent(event)) throw new TypeError('no event')
    return event
  })
}

/** All matches of a test's records, by the engine; the rule speaks from the first record on. */
export function matchesOf(rule: Rule, { given }: RuleTest): readonly Match[] {
  const engine = ruleEngine({ scope: rule.scope ?? 'asset' })
  const state = engine.initial()
  const matches: Match[] = []
  const effects = {
    emit: (output: Parameters<Parameters<typeof engine.step>[2]['emit']>[0]) => {
      if (output.kind === 'match') matches.push(output.match)
    },
    count: () => undefined,
  }
  const document = { rules: [{ ...rule, onUpdate: 'reset' }], shadow: [] }
  const control = { kind: 'control', documentId: 'rules', epoch: 1, hash: 'h', document } as const
  const events = given.flatMap(eventsOf).toSorted((a, b) => a.at - b.at)
  engine.step(state, { offset: 0, now: micros(START), events: [], control }, effects)
  for (const [index, event] of events.entries())
    engine.step(
      state,
      { offset: index + 1, now: event.at, events: [{ ...event, offset: index + 1 }], control: undefined },
      effects,
    )
  return matches
}

/** As a test expects them: only the members that it names. */
export const asExpected = (matches: readonly Match[], expect: RuleTest['expect']): readonly object[] =>
  matches.map((match, index) => {
    const asked = expect[index] ?? { type: '' }
    const { at, type, phase, severity, key, fields } = match
    const all = { at, type, phase, severity, key, fields }
    return Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(asked, name)))
  })

/** Moments as microseconds. */
export const expected = ({ expect }: RuleTest): readonly object[] =>
  expect.map((one) => (one.at === undefined ? one : { ...one, at: momentOf(one.at) }))
