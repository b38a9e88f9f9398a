import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Pace, type Situation, type Told, type Waiting } from '../../../consumers/alerts/decide.ts'
import type { Silence } from '../../../core/silence.ts'

const PACE: Pace = {
  groupWaitMs: 1000,
  resolveWaitMs: 5000,
  repeatMs: 3_600_000,
  passMs: 900_000,
  minSeverity: 'info',
  perMinute: 10,
  most: 20,
}
const START = 1_800_000_000_000

let ids = 0
const one = (change: Partial<Waiting> = {}): Waiting => ({
  outboxId: (ids += 1),
  alertKey: 'a',
  phase: 'FIRED',
  reason: undefined,
  resolves: true,
  severity: 'warning',
  type: 'SPIKE',
  ruleId: 'spike',
  exchange: 'kraken',
  symbol: 'BTC-USD',
  createdMs: START,
  attempts: 0,
  notBeforeMs: undefined,
  ...change,
})
const resolved = (change: Partial<Waiting> = {}) => one({ phase: 'RESOLVED', ...change })

const at = (afterMs: number, waiting: readonly Waiting[], change: Partial<Situation<Waiting>> = {}) => ({
  nowMs: START + afterMs,
  waiting,
  told: new Map<string, Told>(),
  silences: [],
  begunMs: [],
  ...change,
})
const fired = (afterMs = 0, change: Partial<Told> = {}): ReadonlyMap<string, Told> =>
  new Map([['a', { phase: 'FIRED', severity: 'warning', resolves: true, atMs: START + afterMs, ...change }]])

/** Indices of what is sent, by message, and the outcome of what is dropped. */
function judged(pace: Pace, situation: Situation<Waiting>) {
  const { drops, messages } = decide(pace, situation)
  const index = (item: Waiting) => situation.waiting.indexOf(item)
  return {
    sent: messages.map((message) => message.map(index)),
    dropped: drops.map(({ one: item, outcome }) => [index(item), outcome]),
  }
}

describe('what is sent', () => {
  test('alerts of a rule wait for each other from the first on, and go out together', () => {
    const waiting = [one(), one({ alertKey: 'b', createdMs: START + 900 }), one({ alertKey: 'c', ruleId: 'other' })]
    expect(judged(PACE, at(999, waiting))).toEqual({ sent: [], dropped: [] })
    expect(judged(PACE, at(1000, waiting))).toEqual({ sent: [[0, 1], [2]], dropped: [] })
  })

  test('a story that is told and open is not told again before the repeat interval', () => {
    const later = one({ createdMs: START + 10_000 })
    expect(judged(PACE, at(20_000, [later], { told: fired() }))).toEqual({ sent: [], dropped: [[0, 'repeat']] })
    expect(judged(PACE, at(3_599_999, [later], { told: fired() })).sent).toEqual([])
    expect(judged(PACE, at(3_600_000, [later], { told: fired() })).sent).toEqual([[0]])
    expect(judged(PACE, at(2000, [one(), one(), one({ alertKey: 'b' })]))).toEqual({
      sent: [[0, 2]],
      dropped: [[1, 'repeat']],
    })
  })

  test.each([
    ['info', 'info', false],
    ['info', 'warning', true],
    ['info', 'critical', true],
    ['warning', 'info', false],
    ['warning', 'warning', false],
    ['warning', 'critical', true],
    ['critical', 'warning', false],
    ['critical', 'critical', false],
  ] as const)('of a story that was told %s and is open, %s is told at once: %s', (before, severity, isTold) => {
    const worse = one({ severity, createdMs: START + 10_000 })
    expect(judged(PACE, at(11_000, [worse], { told: fired(9000, { severity: before }) }))).toEqual(
      isTold ? { sent: [[0]], dropped: [] } : { sent: [], dropped: [[0, 'repeat']] },
    )
  })

  test('what got worse is told once, also of what waits together; what is below the channel’s severity stays untold', () => {
    const waiting = (['info', 'critical', 'warning', 'critical'] as const).map((severity) => one({ severity }))
    expect(judged(PACE, at(1000, waiting))).toEqual({
      sent: [[0, 1]],
      dropped: [
        [2, 'repeat'],
        [3, 'repeat'],
      ],
    })
    expect(judged({ ...PACE, minSeverity: 'critical' }, at(1000, waiting))).toEqual({
      sent: [[1]],
      dropped: [
        [0, 'minor'],
        [2, 'repeat'],
        [3, 'repeat'],
      ],
    })
    const silenced = { silenceId: 7, matcher: { ruleId: 'spike' }, fromMs: START, untilMs: START + 99_000 }
    expect(
      judged(PACE, at(1000, [one({ severity: 'critical' })], { told: fired(-9000), silences: [silenced] })).dropped,
    ).toEqual([[0, 'silenced']])
  })

  test('what never is resolved is told again once it has passed, or the repeat interval if that is shorter', () => {
    const again = one({ resolves: false, createdMs: START + 1000 })
    const told = fired(0, { resolves: false })
    expect(judged(PACE, at(899_999, [again], { told })).dropped).toEqual([[0, 'repeat']])
    expect(judged(PACE, at(900_000, [again], { told })).sent).toEqual([[0]])
    expect(judged({ ...PACE, repeatMs: 60_000 }, at(59_999, [again], { told })).dropped).toEqual([[0, 'repeat']])
    expect(judged({ ...PACE, repeatMs: 60_000 }, at(60_000, [again], { told })).sent).toEqual([[0]])
    // It was said of what was told that it is resolved: that is waited for.
    expect(judged(PACE, at(900_000, [again], { told: fired() })).dropped).toEqual([[0, 'repeat']])
  })

  test('RESOLVED by renewal waits until its story would have passed, and is folded if that fires again', () => {
    const renewed = resolved({ reason: 'renew' })
    const told = fired(-60_000)
    expect(judged(PACE, at(899_999, [renewed], { told }))).toEqual({ sent: [], dropped: [] })
    expect(judged(PACE, at(900_000, [renewed], { told }))).toEqual({ sent: [[0]], dropped: [] })
    const again = (afterMs: number) => one({ createdMs: START + afterMs })
    expect(judged(PACE, at(899_999, [renewed, again(899_999)], { told }))).toEqual({
      sent: [],
      dropped: [
        [0, 'folded'],
        [1, 'repeat'],
      ],
    })
    expect(judged(PACE, at(901_000, [renewed, again(900_000)], { told }))).toEqual({ sent: [[0, 1]], dropped: [] })
    expect(judged({ ...PACE, resolveWaitMs: 999_999 }, at(900_000, [renewed], { told })).sent).toEqual([])
    for (const reason of ['release', 'rule'] as const)
      expect(judged(PACE, at(5000, [resolved({ reason })], { told })).sent).toEqual([[0]])
  })

  test('RESOLVED is told where FIRED was, after its wait, and nowhere else', () => {
    expect(judged(PACE, at(6000, [resolved()]))).toEqual({ sent: [], dropped: [[0, 'unsent']] })
    expect(judged(PACE, at(4999, [resolved()], { told: fired(-9000) }))).toEqual({ sent: [], dropped: [] })
    expect(judged(PACE, at(5000, [resolved()], { told: fired(-9000) }))).toEqual({ sent: [[0]], dropped: [] })
    expect(judged(PACE, at(5000, [one(), resolved()]))).toEqual({ sent: [[0, 1]], dropped: [] })
    const over: ReadonlyMap<string, Told> = fired(0, { phase: 'RESOLVED' })
    expect(judged(PACE, at(5000, [resolved()], { told: over })).dropped).toEqual([[0, 'unsent']])
  })

  test('what fires again within the wait of its RESOLVED has not been away: a renewal says nothing', () => {
    const again = one({ createdMs: START + 300 })
    expect(judged(PACE, at(400, [resolved(), again], { told: fired(-60_000) }))).toEqual({
      sent: [],
      dropped: [
        [0, 'folded'],
        [1, 'repeat'],
      ],
    })
    const after = one({ createdMs: START + 5000 })
    expect(judged(PACE, at(7000, [resolved(), after], { told: fired(-60_000) }))).toEqual({
      sent: [[0, 1]],
      dropped: [],
    })
  })

  test('below the channel’s severity nothing is told, and then no RESOLVED either', () => {
    const pace: Pace = { ...PACE, minSeverity: 'warning' }
    const waiting = [one({ severity: 'info' }), one({ alertKey: 'b' }), one({ alertKey: 'c', severity: 'critical' })]
    expect(judged(pace, at(1000, waiting))).toEqual({ sent: [[1, 2]], dropped: [[0, 'minor']] })
    expect(judged(pace, at(9000, [one({ severity: 'info' }), resolved({ severity: 'critical' })])).dropped).toEqual([
      [0, 'minor'],
      [1, 'unsent'],
    ])
  })

  test('a silence holds from its beginning to before its end, for what matches all of it', () => {
    const silence: Silence = {
      silenceId: 7,
      matcher: { ruleId: 'spike', symbol: 'BTC-USD' },
      fromMs: START + 1000,
      untilMs: START + 2000,
    }
    const waiting = [one(), one({ alertKey: 'b', symbol: 'ETH-USD' })]
    const during = (afterMs: number) => decide(PACE, at(afterMs, waiting, { silences: [silence] }))
    expect(during(1000)).toMatchObject({ drops: [{ outcome: 'silenced', by: 7, one: { symbol: 'BTC-USD' } }] })
    expect(during(1999).messages.flat()).toEqual([waiting[1]])
    expect(during(2000).drops).toEqual([])
    expect(during(999).drops).toEqual([])
  })

  test('beyond the messages of a minute the rest goes out in one digest over all rules', () => {
    const waiting = ['a', 'b', 'c', 'd'].map((name) => one({ alertKey: name, ruleId: name }))
    expect(judged({ ...PACE, perMinute: 2 }, at(1000, waiting)).sent).toEqual([[0], [1, 2, 3]])
    const begunMs = [START - 59_000, START - 100]
    expect(judged({ ...PACE, perMinute: 2 }, at(999, waiting, { begunMs })).sent).toEqual([])
    expect(judged({ ...PACE, perMinute: 2 }, at(1000, waiting, { begunMs })).sent).toEqual([[0, 1, 2, 3]])
    expect(judged({ ...PACE, perMinute: 2, most: 3 }, at(1000, waiting, { begunMs })).sent).toEqual([[0, 1, 2]])
  })

  test('after a failure the channel waits as long as that asks for, then goes on at once', () => {
    const tried = one({ attempts: 1, notBeforeMs: START + 30_000 })
    const other = one({ alertKey: 'b', ruleId: 'other' })
    expect(judged(PACE, at(29_999, [tried, other])).sent).toEqual([])
    expect(judged(PACE, at(30_000, [tried, other])).sent).toEqual([[0], [1]])
    expect(judged(PACE, at(0, [one({ attempts: 1 }), other])).sent).toEqual([[0]])
  })

  test('alerts of services go together by their type', () => {
    const waiting = ['x', 'y', 'x'].map((type, n) => one({ alertKey: String(n), ruleId: undefined, type }))
    expect(judged(PACE, at(1000, waiting)).sent).toEqual([[0, 2], [1]])
  })
})

const story = fc.record({
  afterMs: fc.nat(120_000),
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  phase: fc.constantFrom('FIRED', 'RESOLVED'),
  severity: fc.constantFrom('info', 'warning', 'critical'),
  reason: fc.constantFrom('release', 'renew'),
})
const paces = fc.record({
  groupWaitMs: fc.constantFrom(0, 1000, 7000),
  resolveWaitMs: fc.constantFrom(0, 3000, 10_000),
  repeatMs: fc.constantFrom(0, 20_000, 60_000),
  passMs: fc.constantFrom(0, 8000, 30_000),
  minSeverity: fc.constantFrom('info', 'warning', 'critical'),
  perMinute: fc.integer({ min: 1, max: 5 }),
  most: fc.integer({ min: 1, max: 4 }),
})

/** Plays a channel second by second: alerts come, the decision is carried out, attempts may fail. */
function play(
  pace: Pace,
  stories: readonly (typeof story extends fc.Arbitrary<infer T> ? T : never)[],
  failures: readonly boolean[],
) {
  const coming = stories
    .map(({ afterMs, key, phase, severity, reason }) =>
      one({
        alertKey: key,
        ruleId: `rule ${key < 'c' ? 1 : 2}`,
        // One story that nobody ever says the end of.
        phase: key === 'e' ? 'FIRED' : phase,
        resolves: key !== 'e',
        reason: key === 'e' || phase === 'FIRED' ? undefined : reason,
        severity,
        createdMs: START + afterMs,
      }),
    )
    .toSorted((a, b) => a.createdMs - b.createdMs)
  let waiting: readonly Waiting[] = []
  const told = new Map<string, Told>()
  const begunMs: number[] = []
  const sent: { readonly atMs: number; readonly message: readonly Waiting[] }[] = []
  const dropped: Waiting[] = []
  const repeats: Waiting[] = []
  let attempt = 0
  const isOver = (nowMs: number): boolean => nowMs > START + 130_000 && waiting.length === 0
  for (
    let nowMs = START;
    !isOver(nowMs) && nowMs < START + 86_400_000;
    nowMs += nowMs < START + 130_000 ? 1000 : 10_000
  ) {
    waiting = [...waiting, ...coming.filter(({ createdMs }) => createdMs <= nowMs && createdMs > nowMs - 1000)]
    const { drops, messages } = decide(pace, { nowMs, waiting, told: new Map(told), silences: [], begunMs })
    const gone = new Set(drops.map(({ one: item }) => item))
    dropped.push(...gone)
    repeats.push(...drops.filter(({ outcome }) => outcome === 'repeat').map(({ one: item }) => item))
    const failed = new Map<Waiting, Waiting>()
    for (const message of messages) {
      begunMs.push(nowMs)
      if (failures[(attempt += 1) % failures.length] === true) {
        for (const item of message)
          failed.set(item, { ...item, attempts: item.attempts + 1, notBeforeMs: nowMs + 2000 })
        break
      }
      sent.push({ atMs: nowMs, message })
      for (const item of message) {
        gone.add(item)
        told.set(item.alertKey, { phase: item.phase, severity: item.severity, resolves: item.resolves, atMs: nowMs })
      }
    }
    waiting = waiting.filter((item) => !gone.has(item)).map((item) => failed.get(item) ?? item)
  }
  return { coming, sent, dropped, repeats, waiting, begunMs }
}

const rank = (severity: string) => ['info', 'warning', 'critical'].indexOf(severity)

describe('a channel over time', () => {
  const runs = fc.tuple(
    paces,
    fc.array(story, { maxLength: 60 }),
    fc.array(fc.boolean(), { minLength: 3, maxLength: 9 }).map((all) => [...all, false]),
  )

  test('each alert is sent once or dropped once, and nothing waits for ever', () => {
    fc.assert(
      fc.property(runs, ([pace, stories, failures]) => {
        const { coming, sent, dropped, waiting } = play(pace, stories, failures)
        const out = [...sent.flatMap(({ message }) => message), ...dropped, ...waiting].map(({ outboxId }) => outboxId)
        expect(out.toSorted((a, b) => a - b)).toEqual(coming.map(({ outboxId }) => outboxId).toSorted((a, b) => a - b))
        expect(waiting).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('a story is told in its order: RESOLVED after FIRED, FIRED again only after it, if worse, or after its interval', () => {
    fc.assert(
      fc.property(runs, ([pace, stories, failures]) => {
        const { sent } = play(pace, stories, failures)
        const last = new Map<string, { readonly phase: string; readonly severity: string; readonly atMs: number }>()
        const wrong = sent
          .flatMap(({ atMs, message }) => message.map((item) => ({ ...item, atMs })))
          .filter(({ atMs, alertKey, phase, severity, resolves }) => {
            const before = last.get(alertKey)
            last.set(alertKey, { phase, severity, atMs })
            if (phase === 'RESOLVED') return before?.phase !== 'FIRED'
            const intervalMs = resolves ? pace.repeatMs : Math.min(pace.repeatMs, pace.passMs)
            return (
              before?.phase === 'FIRED' && rank(severity) <= rank(before.severity) && atMs - before.atMs < intervalMs
            )
          })
        expect(wrong).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('nothing is a repeat of what was told less severe, or so long ago that it has passed', () => {
    fc.assert(
      fc.property(runs, ([pace, stories, failures]) => {
        const { sent, repeats } = play(pace, stories, failures)
        const told = sent.flatMap(({ atMs, message }) => message.map((item) => ({ ...item, atMs })))
        const wrong = repeats.filter(
          ({ alertKey, severity, resolves, createdMs }) =>
            !told.some(
              (item) =>
                item.alertKey === alertKey &&
                item.phase === 'FIRED' &&
                item.createdMs <= createdMs &&
                rank(item.severity) >= rank(severity) &&
                (resolves || createdMs - item.atMs < pace.passMs),
            ),
        )
        expect(wrong).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('no minute has more messages than allowed, none more alerts than fit, none of FIRED is below its severity', () => {
    fc.assert(
      fc.property(runs, ([pace, stories, failures]) => {
        const { sent, begunMs } = play(pace, stories, failures)
        for (const from of begunMs)
          expect(begunMs.filter((time) => time >= from && time < from + 60_000).length).toBeLessThanOrEqual(
            pace.perMinute,
          )
        for (const { message } of sent) {
          expect(message.length).toBeGreaterThan(0)
          expect(message.length).toBeLessThanOrEqual(pace.most)
          const minor = message.filter(
            ({ phase, severity }) => phase === 'FIRED' && rank(severity) < rank(pace.minSeverity),
          )
          expect(minor).toEqual([])
        }
      }),
      { numRuns: 60 },
    )
  })

  test('who was told that a story fired is told in the end that it is over, if it is', () => {
    fc.assert(
      fc.property(runs, ([pace, stories, failures]) => {
        const { coming, sent } = play({ ...pace, minSeverity: 'info' }, stories, failures)
        const told = sent.flatMap(({ message }) => message)
        const lastPhase = (all: readonly Waiting[], key: string) =>
          all.findLast(({ alertKey }) => alertKey === key)?.phase
        const left = [...new Set(told.map(({ alertKey }) => alertKey))].filter(
          (key) => lastPhase(coming, key) === 'RESOLVED' && lastPhase(told, key) !== 'RESOLVED',
        )
        expect(left).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})
