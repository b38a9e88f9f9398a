import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRule } from '../../../../core/rules/compile/compile.ts'
import type { Rule } from '../../../../core/rules/document.ts'
import type { RuleOutput } from '../../../../core/rules/engine/batch.ts'
import { ruleEngine, type RuleEngineSettings } from '../../../../core/rules/engine/engine.ts'
import { horizonOfAll } from '../../../../core/rules/horizon.ts'
import type { RulesState } from '../../../../core/rules/engine/state.ts'
import { bytesOf } from '../../../support/processor-laws.ts'
import { control, rule, row, trade, type Row } from './rig.ts'

/** Of every kind, with lengths that a log of some hours holds several times. */
const RULES: readonly Rule[] = [
  rule({ id: 'above', when: 'price > 102', edge: 'every', by: ['exchange', 'symbol'] }),
  rule({ id: 'after', on: 'match', by: ['base'], when: "ruleId == 'above'", renew: '15m' }),
  rule({
    id: 'calm',
    let: { n: { agg: 'count', over: { sliding: '60s' } }, m: { agg: 'mean', of: 'price', over: { sliding: '5m' } } },
    when: 'n >= 2 && price < m',
    edge: 'change',
    hold: '2m',
    renew: '15m',
    emit: { type: 'CALM', fields: { m: 'm' }, evidence: { events: 3, inputs: true } },
  }),
  rule({
    id: 'echo',
    on: 'match',
    by: ['base'],
    let: { n: { agg: 'count', over: { sliding: '10m' } } },
    when: "ruleId == 'high' && phase == 'FIRED'",
    edge: 'every',
    cooldown: { for: '10m', max: [2, '15m'] },
    renew: '15m',
    emit: { type: 'ECHO', fields: { n: 'n' } },
  }),
  rule({
    id: 'high',
    where: "symbol in ['A-USD', 'B-USD']",
    by: ['exchange', 'symbol'],
    when: 'price > 100',
    hold: '30s',
    release: { when: 'price < 99', after: '45s' },
    cooldown: { for: '3m', max: [2, '5m'] },
    renew: '15m',
    severity: { cases: [{ if: 'price > 102', then: 'critical' }], else: 'warning' },
    emit: { type: 'HIGH', fields: { price: 'price' }, evidence: { events: 2 }, alert: true },
  }),
  rule({
    id: 'leap',
    let: { before: { agg: 'max', of: 'price', over: { sliding: '2m' }, lag: 1 } },
    when: 'price > before',
    cooldown: { for: '90s' },
    renew: '15m',
    emit: { type: 'LEAP', evidence: { events: 5 } },
  }),
  rule({
    id: 'quiet',
    pattern: {
      within: '5m',
      steps: [
        { as: 'a', if: 'price > 101' },
        { not: { if: 'price > 101' }, for: '2m' },
      ],
    },
    renew: '15m',
    emit: { type: 'QUIET', alert: true },
  }),
  rule({
    id: 'rise',
    by: ['exchange', 'symbol'],
    pattern: {
      within: '4m',
      skip: 'past-last',
      onTimeout: true,
      maxPartials: 8,
      steps: [
        { as: 'a', if: 'price < 100' },
        { as: 'b', if: 'price > prev(price)', times: [1, 3], follow: 'next' },
        { as: 'c', if: 'price > 102' },
      ],
    },
    renew: '15m',
    emit: { type: 'RISE', fields: { n: 'count(b)' }, evidence: { events: 3 } },
  }),
]
const version = (of: Rule | undefined, more: Partial<Rule>): Rule => ({ ...(of ?? rule({ id: 'x' })), ...more })
const named = (id: string): Rule | undefined => RULES.find((one) => one.id === id)

/** Sets that take each other's place: other versions, fewer rules, shadows, versions that keep or reset. */
const SETS: readonly (readonly [rules: readonly Rule[], shadow: readonly Rule[]])[] = [
  [RULES, []],
  [RULES.filter(({ id }) => id !== 'high' && id !== 'rise'), []],
  [
    RULES.map((one) =>
      one.id === 'high'
        ? version(one, { version: 2, cooldown: { for: '1m' }, onUpdate: 'keep' })
        : one.id === 'leap'
          ? version(one, { version: 2, when: 'price > before + 1' })
          : one,
    ),
    [version(named('rise'), { version: 2, enabled: true }), version(named('calm'), { version: 2, hold: '10s' })],
  ],
  [
    RULES.map((one) => (one.id === 'calm' ? version(one, { version: 3, onUpdate: 'reset', hold: '20s' }) : one)),
    [version(named('leap'), { version: 2, cooldown: { for: '10s' } })],
  ],
]

const HORIZON = Math.max(...SETS.map(([rules, shadow]) => horizonOfAll([...rules, ...shadow])))

const TEN_MINUTES = 600
type Event = { readonly pause: number; readonly symbol: string; readonly exchange: string; readonly price: number }
const log = fc
  .record({
    events: fc.array(
      fc.record({
        pause: fc.oneof(
          { weight: 8, arbitrary: fc.integer({ min: 0, max: 20 }) },
          { weight: 2, arbitrary: fc.integer({ min: 0, max: 200 }) },
          { weight: 1, arbitrary: fc.integer({ min: 0, max: 2000 }) },
        ),
        symbol: fc.constantFrom('A-USD', 'B-USD', 'C-USD'),
        exchange: fc.constantFrom('kraken', 'gate'),
        price: fc.integer({ min: 97, max: 104 }),
      }),
      { minLength: 100, maxLength: 400, size: 'max' },
    ),
    /** Which set is in force, by tens of minutes; unchanged ones are repeated. */
    sets: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3), { minLength: 12, maxLength: 12 }),
  })
  .map(({ events, sets }) => rowsOf(events, sets))

/** A Control record every ten minutes of T, as the log repeats them; a set is changed every half an hour at most. */
function rowsOf(events: readonly Event[], sets: readonly number[]): readonly Row[] {
  const rows: Row[] = []
  let now = 0.5
  let next = 0
  let epoch = 0
  let force = -1
  const repeat = (seconds: number): void => {
    const wanted = sets[Math.floor(next / 3) % sets.length] ?? 0
    if (wanted !== force) epoch += 1
    force = wanted
    const [rules, shadow] = SETS[force] ?? [[], []]
    rows.push(control(seconds, rules, { shadow, epoch }))
    next += 1
  }
  for (const { pause, symbol, exchange, price } of events) {
    const until = now + pause
    for (let due = next * TEN_MINUTES; due <= until; due += TEN_MINUTES) repeat(Math.max(now, due))
    now = until
    rows.push(row(now, trade(now, { symbol, exchange, price, base: symbol.slice(0, 1) })))
  }
  return rows
}

/** Seconds on a quiet machine; logs of many hours on one that does much else. */
const BUSY_MS = 60_000

type Written = { readonly offset: number; readonly output: RuleOutput; readonly bytes: string }

/** Runs `rows` from the one numbered `from`; `restored` says before which the state is restored from a snapshot. */
function written(
  rows: readonly Row[],
  from = 0,
  restored: (offset: number) => boolean = () => false,
  settings: Partial<RuleEngineSettings> = {},
): readonly Written[] {
  const engine = ruleEngine({ scope: 'asset', ...settings })
  const outputs: Written[] = []
  let state: RulesState = engine.initial()
  for (let offset = from; offset < rows.length; offset++) {
    const batch = rows[offset]
    if (batch === undefined) continue
    if (restored(offset)) state = structuredClone(state)
    const events = batch.events.map((event) => ({ ...event, offset }))
    engine.step(
      state,
      { ...batch, events, offset },
      { emit: (output) => void outputs.push({ offset, output, bytes: bytesOf(output) }), count: () => undefined },
    )
  }
  return outputs
}

test('a run that begins later writes the same from its horizon on', { timeout: BUSY_MS }, () => {
  fc.assert(
    // Not a double: most of those between 0 and 1 are next to 0.
    fc.property(log, fc.integer({ min: 1, max: 70 }), (rows, percent) => {
      const from = Math.ceil((rows.length * percent) / 100)
      const began = rows[from]?.now ?? 0
      const isDue = ({ offset }: Written): boolean => offset > from && (rows[offset - 1]?.now ?? 0) >= began + HORIZON
      const due = (all: readonly Written[]): readonly string[] =>
        all.filter(isDue).map(({ offset, bytes }) => `${offset} ${bytes}`)
      expect(due(written(rows, from))).toEqual(due(written(rows)))
    }),
    { numRuns: 12 },
  )
})

test('a restored state goes on as if nothing had been, from any record', { timeout: BUSY_MS }, () => {
  fc.assert(
    fc.property(log, fc.integer({ min: 1, max: 60 }), (rows, every) => {
      const short = rows.slice(0, 150)
      expect(written(short, 0, (offset) => offset % every === 0)).toEqual(written(short))
    }),
    { numRuns: 8 },
  )
})

test('who is found by an index is who would be asked without one', () => {
  const compile: typeof compileRule = (one, allot) => {
    const compiled = compileRule(one, allot)
    return 'program' in compiled ? { program: { ...compiled.program, guards: [], whereGuards: [] } } : compiled
  }
  fc.assert(
    fc.property(log, (rows) => {
      const bytes = (all: readonly Written[]): readonly string[] => all.map((one) => one.bytes)
      expect(bytes(written(rows))).toEqual(bytes(written(rows, 0, undefined, { compile })))
    }),
    { numRuns: 6 },
  )
})

test('one engine serves several partitions', () => {
  fc.assert(
    fc.property(log, (rows) => {
      const engine = ruleEngine({ scope: 'asset' })
      const states = [engine.initial(), engine.initial()]
      const outputs: string[][] = [[], []]
      for (const [offset, batch] of rows.slice(0, 100).entries())
        for (const [place, state] of states.entries())
          engine.step(
            state,
            { ...batch, offset },
            { emit: (output) => void outputs[place]?.push(bytesOf(output)), count: () => undefined },
          )
      expect(outputs[0]).toEqual(outputs[1])
    }),
    { numRuns: 5 },
  )
})

test('the logs bring every rule to write, in every phase', () => {
  const phases = new Set<string>()
  for (const rows of fc.sample(log, { numRuns: 20, seed: 7 }))
    for (const { match } of written(rows).flatMap(({ output }) => (output.kind === 'match' ? [output] : [])))
      phases.add(
        [match.ruleId, match.phase, match.reason, match.shadow ? 'shadow' : undefined].filter(Boolean).join(' '),
      )
  const wanted = [
    'above FIRED',
    'echo FIRED',
    'after FIRED',
    'leap FIRED',
    'leap FIRED shadow',
    'quiet FIRED',
    'rise FIRED',
    'rise TIMEOUT',
    ...['calm', 'high'].flatMap((id) => [`${id} FIRED`, `${id} RESOLVED release`, `${id} RESOLVED renew`]),
    'calm RESOLVED rule',
  ]
  expect([...phases]).toEqual(expect.arrayContaining(wanted))
})
