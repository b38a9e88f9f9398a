import { describe, expect, test } from 'vitest'
import { compileRule } from '../../../core/rules/compile/compile.ts'
import type { RuleEvent } from '../../../core/rules/events.ts'
import type { Frame, Taken, Value } from '../../../core/rules/frame.ts'
import type { Source } from '../../../core/rules/machine.ts'
import type { PatternProgram, Program, ProgramStep } from '../../../core/rules/program.ts'
import { readRule } from '../../../core/rules/read/read.ts'
import { micros } from '../../../core/time.ts'
import { aggregate, patternRule, whenRule } from './documents.ts'
import { candle, match, opportunity, trade } from './some-events.ts'

type Compiled = { readonly program: Program; readonly sources: readonly Source[] }

function compiled(document: unknown): Compiled {
  const read = readRule(document)
  if (!('rule' in read)) throw new TypeError(JSON.stringify(read.diagnostics))
  const sources: Source[] = []
  const result = compileRule(read.rule, (_, source) => {
    const known = sources.findIndex(({ id }) => id === source.id)
    return known < 0 ? sources.push(source) - 1 : known
  })
  if (!('program' in result)) throw new TypeError(JSON.stringify(result.diagnostics))
  return { program: result.program, sources }
}

const codes = (document: unknown): readonly string[] => {
  const read = readRule(document)
  if (!('rule' in read)) return ['E201']
  const result = compileRule(read.rule, () => 0)
  return 'diagnostics' in result ? result.diagnostics.map(({ code, pointer }) => `${code} ${pointer}`) : []
}

const frameOf = (event: RuleEvent, more: Partial<Frame> = {}): Frame => ({
  event,
  now: event.at,
  stamp: 1,
  slots: [],
  taken: undefined,
  earlier: [],
  ...more,
})

const patternOf = ({ program: { body } }: Compiled): PatternProgram => {
  if (body.kind !== 'pattern') throw new TypeError('no pattern')
  return body.pattern
}
const stepOf = ({ steps }: PatternProgram, index: number): Extract<ProgramStep, { kind: 'take' }> => {
  const step = steps[index]
  if (step?.kind !== 'take') throw new TypeError('no step')
  return step
}
const whenOf = ({ program: { body } }: Compiled) => {
  if (body.kind !== 'when') throw new TypeError('no when')
  return body.when
}
const fieldOf = ({ program }: Compiled, name: string, frame: Frame): Value =>
  program.fields.find((one) => one.name === name)?.expression.read(frame)

/** Events taken, oldest first: name, event, captured values. */
function takenOf(
  ...all: readonly (readonly [name: number, event: RuleEvent, captured?: readonly Value[]])[]
): Taken | undefined {
  let taken: Taken | undefined
  for (const [index, [name, event, captured = []]] of all.entries())
    taken = { event, number: index + 1, at: event.at, name, captured, before: taken, depth: index + 1 }
  return taken
}

describe('guards', () => {
  const of = (more: Readonly<Record<string, unknown>>) => compiled(whenRule(more)).program.guards

  test('are what `where` asks of fields alone, joined by &&, with the sides either way', () => {
    expect(
      of({
        where:
          "exchange in ['kraken', 'okx'] && 'BTC-USDT' == symbol && notional > 10 + 5 && 3 >= size && side != 'BUY'",
      }),
    ).toEqual([
      { kind: 'in', field: 'exchange', values: ['kraken', 'okx'] },
      { kind: 'in', field: 'symbol', values: ['BTC-USDT'] },
      { kind: 'above', field: 'notional', bound: 15 },
      { kind: 'atMost', field: 'size', bound: 3 },
    ])
  })

  test('are not what is joined by ||, nor compared with other than constants', () => {
    expect(of({ where: "(symbol == 'X' || price > 1) && price > size && !(price > 5)" })).toEqual([])
  })

  test('are those of `when` too where each record stands alone, and only there', () => {
    const when = "side == 'BUY' && price > 5"
    expect(of({ when, edge: 'every' })).toEqual([
      { kind: 'in', field: 'side', values: ['BUY'] },
      { kind: 'above', field: 'price', bound: 5 },
    ])
    expect(of({ when })).toEqual([])
    expect(of({ when, edge: 'change' })).toEqual([])
  })

  test('tell how long the candles are that an aggregate counts', () => {
    const last = (where: string | undefined, own?: string) => {
      const mean = { agg: 'mean', of: 'close', over: { count: 20 }, ...(own === undefined ? {} : { where: own }) }
      const rule = { on: 'candle', let: { m: mean }, when: 'close > m', ...(where === undefined ? {} : { where }) }
      return codes(whenRule(rule)).length > 0 ? undefined : compiled(whenRule(rule)).program.warmUpMicros
    }
    // 20 intervals, and the minute that a candle may come late
    expect(last("interval == '1m'")).toBe(20 * 60e6 + 60e6)
    expect(last("interval in ['1s'] && volume > 1")).toBe(20e6 + 60e6)
    expect(last("base == 'BTC'", "interval == '5m'")).toBe(20 * 300e6 + 60e6)
    expect(last(undefined)).toBeUndefined()
    expect(last("interval in ['1s', '1m']")).toBeUndefined()
  })

  test('are no `let` names: they need more than the event', () => {
    expect(
      of({ let: { p: 'price', n: { agg: 'count', over: { sliding: '10s' } } }, when: 'p > 5 && n > 3', edge: 'every' }),
    ).toEqual([])
  })
})

describe('names', () => {
  test('of `let` stand in any order; values that others rest on are allotted first', () => {
    const rule = compiled(
      whenRule({
        let: { c: aggregate('mean', 'b'), b: 'price - a', a: aggregate('mean', 'price') },
        when: 'c > 1',
      }),
    )
    expect(rule.sources.map(({ id }) => id.includes('price - a'))).toEqual([false, true])
    expect(rule.program.inputs.map(({ name }) => name)).toEqual(['c', 'b', 'a'])
  })

  test('are computed once for an event and key, however often they are asked', () => {
    const rule = compiled(whenRule({ let: { p: 'price * 2' }, when: 'p > 1 && p < 9' }))
    const frame = frameOf(trade({ price: 2 }))
    expect(whenOf(rule).read(frame)).toBe(true)
    // the frame is changed without a new stamp, which nobody may do: the old value shows that it was kept
    frame.event = trade({ price: 100 })
    expect(whenOf(rule).read(frame)).toBe(true)
    frame.stamp = 2
    expect(whenOf(rule).read(frame)).toBe(false)
    frame.event = trade({ price: 2 })
    frame.slots = [{}]
    expect(whenOf(rule).read(frame)).toBe(true)
  })

  test('of several streams mean the field of whichever the event is, absent where it has none', () => {
    const rule = compiled(whenRule({ on: ['trade', 'opportunity'], when: 'price > 1 || edgeBps > 1' }))
    expect(whenOf(rule).read(frameOf(trade({ price: 2 })))).toBe(true)
    expect(whenOf(rule).read(frameOf(opportunity({ edgeBps: 2 })))).toBe(true)
    expect(whenOf(rule).read(frameOf(opportunity({ edgeBps: 1 })))).toBeUndefined()
  })

  test('that no stream has are unknown, also where another aggregate has its own', () => {
    const quotes = aggregate('mean', 'mid', { on: 'quote' })
    expect(codes(whenRule({ let: { q: quotes }, when: 'price > q' }))).toEqual([])
    expect(codes(whenRule({ let: { q: quotes }, when: 'mid > q' }))).toEqual(['E102 /when'])
    const doubled = { x: 'mid * 2', q: aggregate('mean', 'x', { on: 'quote' }) }
    expect(codes(whenRule({ let: doubled, when: 'price > q' }))).toEqual([])
    expect(codes(whenRule({ let: { x: 'mid * 2' }, when: 'price > x' }))).toEqual(['E102 /let/x'])
    expect(codes(whenRule({ where: 'mid > 1', let: { q: quotes }, when: 'price > q' }))).toEqual([])
  })

  test('`where` knows no `let` values: it decides what they are made of', () => {
    expect(codes(whenRule({ let: { p: 'price' }, where: 'p > 1' }))).toEqual(['E102 /where'])
  })

  test('steps, and what looks back, mean nothing outside patterns', () => {
    expect(codes(whenRule({ when: 'prev(price) > 1' }))).toEqual(['E107 /when'])
    expect(codes(whenRule({ let: { c: 'count(a)' }, when: 'c > 1' }))).toEqual(['E107 /let/c'])
  })
})

describe('what an aggregate is fed', () => {
  test('passes the `where` of the rule and its own', () => {
    const { sources } = compiled(
      whenRule({
        where: "exchange == 'kraken'",
        let: { m: aggregate('mean', 'price', { where: 'size > 1' }) },
        when: 'm > 1',
      }),
    )
    const passes = (more: Parameters<typeof trade>[0]) => sources[0]?.where?.read(frameOf(trade(more))) === true
    expect(passes({ exchange: 'kraken', size: 2 })).toBe(true)
    expect(passes({ exchange: 'kraken', size: 1 })).toBe(false)
    expect(passes({ exchange: 'okx', size: 2 })).toBe(false)
  })

  test('is the same source for the same definitions, and another as soon as anything below differs', () => {
    const idOf = (lets: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) =>
      compiled(whenRule({ let: lets, when: 'm > 1', ...more })).sources.at(-1)?.id
    const one = idOf({ x: 'price * 2', m: aggregate('mean', 'x') })
    expect(idOf({ m: aggregate('mean', 'x'), x: 'price * 2' }, { id: 'other' })).toBe(one)
    expect(idOf({ x: 'price * 3', m: aggregate('mean', 'x') })).not.toBe(one)
    expect(idOf({ x: 'price * 2', m: aggregate('mean', 'x') }, { where: 'size > 1' })).not.toBe(one)
    expect(idOf({ x: 'price * 2', m: aggregate('mean', 'x', { over: { sliding: '20s' } }) })).not.toBe(one)
    const two = { x: aggregate('mean', 'price'), m: aggregate('sd', 'x') }
    expect(idOf({ ...two, x: aggregate('mean', 'price', { over: { sliding: '20s' } }) })).not.toBe(idOf(two))
  })
})

describe('steps', () => {
  const B = { as: 'b', if: 'price > 1' }

  test('know themselves, those before, and within all each other', () => {
    const all = [
      { as: 'x', if: 'y.price > 1' },
      { as: 'y', if: 'x.price > 1' },
    ]
    expect(
      codes(
        patternRule([
          { as: 'a', if: 'count(a) < 1' },
          { as: 'b', if: 'price > a.price' },
        ]),
      ),
    ).toEqual([])
    expect(codes(patternRule([B, { all }]))).toEqual([])
    expect(codes(patternRule([B, { any: all }]))).toEqual([
      'E107 /pattern/steps/1/any/0/if',
      'E107 /pattern/steps/1/any/1/if',
    ])
    expect(codes(patternRule([B, { not: { if: 'c.price > 1' } }, { as: 'c', if: 'true' }]))).toEqual([
      'E107 /pattern/steps/1/not/if',
    ])
    expect(codes(patternRule([{ as: 'a', if: 'zz.price > 1' }]))).toEqual(['E102 /pattern/steps/0/if'])
  })

  test('read of the event that was taken last, of all of them, and of the ends', () => {
    const fields = {
      last: 'u.price',
      sum: 'sum(u.price)',
      mean: 'mean(u.price)',
      least: 'min(u.price)',
      most: 'max(u.price)',
      n: 'count(u)',
      first: 'first(u.price)',
      second: 'first(u.price, 1)',
      beforeLast: 'last(u.price, 1)',
      none: 'last(u.price, 3)',
      side: 'first(u.side)',
    }
    const rule = compiled(
      patternRule([B, { as: 'u', if: 'true', times: [1, null] }], {}, { emit: { type: 'X', fields } }),
    )
    const taken = takenOf(
      [0, trade({ price: 9 })],
      [1, trade({ price: 3, side: 'SELL' })],
      [1, trade({ price: 1 })],
      [1, trade({ price: 5 })],
    )
    const read = (name: string, of: Taken | undefined = taken) => fieldOf(rule, name, frameOf(trade(), { taken: of }))
    expect(Object.fromEntries(Object.keys(fields).map((name) => [name, read(name)]))).toEqual({
      last: 5,
      sum: 9,
      mean: 3,
      least: 1,
      most: 5,
      n: 3,
      first: 3,
      second: 1,
      beforeLast: 1,
      none: NaN,
      side: 'SELL',
    })
    const nothing = takenOf([0, trade()])
    expect(read('n', nothing)).toBe(0)
    expect(read('sum', nothing)).toBe(0)
    expect(read('mean', nothing)).toBeNaN()
    expect(read('last', nothing)).toBeNaN()
    expect(read('side', nothing)).toBeUndefined()
  })

  test('read fields of their own stream', () => {
    const steps = [
      { as: 'o', on: 'opportunity', if: 'edgeBps > 8' },
      { as: 's', on: 'match', if: 'exchange == o.sellExchange' },
    ]
    const rule = compiled(patternRule(steps, {}, { on: ['opportunity', 'match'], by: ['base'] }))
    const taken = takenOf([0, opportunity({ sellExchange: 'kraken' })])
    const { whole } = stepOf(patternOf(rule), 1).if
    expect(whole.read(frameOf(match({ exchange: 'kraken' }), { taken }))).toBe(true)
    expect(whole.read(frameOf(match({ exchange: 'okx' }), { taken }))).toBe(false)
    expect(
      codes(
        patternRule(
          [steps[0], { as: 's', on: 'match', if: 'edgeBps > 1' }],
          {},
          { on: ['opportunity', 'match'], by: ['base'] },
        ),
      ),
    ).toEqual(['E102 /pattern/steps/1/if'])
  })

  test('keep a `let` value that is asked of them as it was, each in a place of its own', () => {
    const rule = compiled(
      patternRule(
        [
          { as: 'a', if: 'p > 1' },
          { as: 'b', if: 'price > a.p && a.q > 0' },
        ],
        {},
        {
          let: { p: 'price * 2', q: 'size + 1', unused: 'size' },
          emit: { type: 'X', fields: { then: 'a.p', now: 'p' } },
        },
      ),
    )
    const pattern = patternOf(rule)
    expect(pattern.captured.map((one) => one.read(frameOf(trade({ price: 5, size: 7 }))))).toEqual([10, 8])
    const frame = frameOf(trade({ price: 11 }), { taken: takenOf([0, trade(), [10, 8]]), stamp: 5 })
    expect(stepOf(pattern, 1).if.whole.read(frame)).toBe(true)
    expect(fieldOf(rule, 'then', frame)).toBe(10)
    expect(fieldOf(rule, 'now', frame)).toBe(22)
  })

  test('look back along the events of their stream, not as far as `within`', () => {
    const rule = compiled(
      patternRule([{ as: 'a', on: 'trade', if: 'price > prev(price, 2)' }], {}, { on: ['trade', 'candle'] }),
    )
    expect(rule.program.earlier).toBe(2)
    const at = (seconds: number) => micros(1_700_000_000_000_000 + seconds * 1_000_000)
    const { whole } = stepOf(patternOf(rule), 0).if
    const earlier = [
      { event: candle(), at: at(9) },
      { event: trade({ price: 50 }), at: at(8) },
      { event: trade({ price: 10 }), at: at(1) },
    ]
    expect(whole.read(frameOf(trade({ price: 11 }), { now: at(10), earlier }))).toBe(true)
    expect(whole.read(frameOf(trade({ price: 9 }), { now: at(10), earlier }))).toBe(false)
    expect(whole.read(frameOf(trade({ price: 11 }), { now: at(11), earlier }))).toBeUndefined()
    expect(whole.read(frameOf(trade({ price: 11 }), { now: at(10), earlier: earlier.slice(0, 2) }))).toBeUndefined()
  })

  test('times, follow and inner have their defaults', () => {
    const steps = patternOf(
      compiled(
        patternRule([
          B,
          { as: 'c', if: 'true', times: 3, follow: 'next' },
          { as: 'd', if: 'true', times: [2, null], inner: 'any' },
        ]),
      ),
    )
    const brief = (index: number) => {
      const { least, most, follow, inner } = stepOf(steps, index)
      return [least, most, follow, inner]
    }
    expect(brief(0)).toEqual([1, 1, 'followed', 'followed'])
    expect(brief(1)).toEqual([3, 3, 'next', 'next'])
    expect(brief(2)).toEqual([2, Infinity, 'followed', 'any'])
    expect(steps).toMatchObject({
      withinMicros: 10_000_000,
      skip: { kind: 'to-next' },
      maxPartials: 64,
      onTimeout: false,
    })
  })
})

describe('thresholds', () => {
  const thresholdOf = (condition: string, lets: Readonly<Record<string, unknown>> = {}) =>
    stepOf(
      patternOf(
        compiled(
          patternRule(
            [
              { as: 'a', if: 'price > 1' },
              { as: 'b', if: condition },
            ],
            {},
            { let: lets },
          ),
        ),
      ),
      1,
    ).if.threshold

  test('compare the event with what was taken', () => {
    const threshold = thresholdOf('price > a.price * 1.5')
    const frame = frameOf(trade({ price: 4 }), { taken: takenOf([0, trade({ price: 2 })]) })
    expect([threshold?.op, threshold?.ofEvent(frame), threshold?.ofTaken(frame)]).toEqual(['>', 4, 3])
  })

  test('turn round what is written the other way', () => {
    expect(thresholdOf('a.price + 1 < price * 2')?.op).toBe('>')
    expect(thresholdOf('sum(b.price) >= price')?.op).toBe('<=')
  })

  test.each([
    'price > a.price && size > 1',
    'price - a.price > 1',
    'price > 5',
    'price > a.price + size',
    'price == a.price',
    'side == a.side',
    'eventTime > a.eventTime + (clock() - eventTime)',
  ])('none in %s', (condition) => {
    expect(thresholdOf(condition)).toBeUndefined()
  })

  test('a captured value is of what was taken, a present one of the event', () => {
    expect(thresholdOf('p > a.p', { p: 'price * 2' })?.op).toBe('>')
  })
})

describe('the rest of a program', () => {
  test('severity is the first case that holds', () => {
    const severity = {
      cases: [
        { if: 'price > 10', then: 'critical' },
        { if: 'price > 5', then: 'warning' },
      ],
      else: 'info',
    }
    const { program } = compiled(whenRule({ severity }))
    expect([11, 6, 5, NaN].map((price) => program.severity(frameOf(trade({ price }))))).toEqual([
      'critical',
      'warning',
      'info',
      'info',
    ])
  })

  test('lengths are microseconds; warm-up is the deepest chain of windows and within, the horizon all that counts', () => {
    // a window of 60 s has panes of 1 s (rules.md section 7), one of 10 s panes of 100 ms: chains are 61 s, and 71.1 s through b
    const { program } = compiled(
      whenRule({
        let: { a: aggregate('mean', 'price', { over: { sliding: '60s' } }), b: aggregate('mean', 'a') },
        when: 'b > 1',
        release: { after: '30s' },
        cooldown: { for: '2m', max: [10, '30m'] },
        renew: '6h',
      }),
    )
    expect(program.warmUpMicros).toBe(71_100_000)
    expect(program.horizonMicros).toBe((600 + 60 + 71.1 + 30 + 120 + 21_600) * 1e6)
    expect(program.cooldown).toEqual({ forMicros: 120e6, max: { count: 10, periodMicros: 1800e6 } })
    expect(program.body).toMatchObject({
      kind: 'when',
      edge: 'rising',
      holdMicros: 0,
      release: { when: undefined, afterMicros: 30e6 },
    })
  })

  test('a hold is part of the horizon', () => {
    const [held, bare] = [whenRule({ hold: '5s' }), whenRule()].map((rule) => compiled(rule).program)
    expect(held?.body).toMatchObject({ holdMicros: 5e6 })
    // Twice: what a renewal makes of a key is known from where all of the last hold was seen, and holds as long after.
    expect((held?.horizonMicros ?? 0) - (bare?.horizonMicros ?? 0)).toBe(10e6)
  })

  test('an action is an alert’s, its arguments are filled in as fields are', () => {
    const emit = { type: 'X', alert: true, action: { command: 'pause', arguments: { exchange: 'exchange' } } }
    const { action } = compiled(whenRule({ emit })).program
    expect(
      action?.kind === 'command'
        ? action.arguments.map(({ expression }) => expression.read(frameOf(trade({ exchange: 'okx' }))))
        : [],
    ).toEqual(['okx'])
    expect(codes(whenRule({ emit: { ...emit, alert: false } }))).toEqual(['E201 /emit/action'])
  })
})

describe('what stands in a rule once', () => {
  test('is not remembered: it is asked for once', () => {
    const rule = compiled(whenRule({ let: { p: 'price * 2' }, when: 'p > 1' }))
    const frame = frameOf(trade({ price: 2 }))
    expect(whenOf(rule).read(frame)).toBe(true)
    frame.event = trade({ price: 0 })
    expect(whenOf(rule).read(frame)).toBe(false)
  })
})
