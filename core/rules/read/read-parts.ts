import { AGGREGATES, type Aggregate, type Window } from '../document.ts'
import { durationMicros, LONGEST_MICROS } from './duration.ts'
import { STREAMS } from '../events.ts'
import { either, isRecord, mustBe, object, oneOf, pair, scalar, text, wrong, type Check } from './shape.ts'

/** An expression; its length and meaning are judged where its names are known. */
export const EXPR = text('an expression in quotes, such as "price > 100"')
export const isText = (value: unknown): boolean => typeof value === 'string'

/** Any length; windows say themselves (E301) which they allow. */
const LENGTH: Check<string> = scalar(
  "a length of time such as '250ms', '5s', '10m', '2h', '1d'",
  (value) => typeof value === 'string' && durationMicros(value) !== undefined,
)
const within = (value: unknown, least: number): boolean => {
  const micros = typeof value === 'string' ? durationMicros(value) : undefined
  return micros !== undefined && micros >= least && micros <= LONGEST_MICROS
}
export const DURATION: Check<string> = scalar(
  "a length of time such as '250ms', '5s', '10m' or '2h', above 0 and at most 24 h",
  (value) => within(value, 1),
)
export const MOMENT: Check<string> = scalar("a length of time such as '0s' or '250ms'", (value) => within(value, 0))

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const RESERVED: ReadonlySet<unknown> = new Set(['true', 'false', 'in', '__proto__'])
export const NAME: Check<string> = scalar(
  'a name of letters, digits and _ that does not begin with a digit (not true, false, in, __proto__)',
  (value) => typeof value === 'string' && IDENTIFIER.test(value) && !RESERVED.has(value),
)

export const STREAM = oneOf(STREAMS)
const WINDOWS = ['sliding', 'tumbling', 'hopping', 'session', 'count', 'day'] as const
const NUMBER: Check<number> = scalar('a number', (value) => typeof value === 'number' && Number.isFinite(value))
const WINDOW_OF: Readonly<Record<(typeof WINDOWS)[number], Check<Window>>> = {
  sliding: object('a sliding window', { sliding: LENGTH }, {}),
  tumbling: object('a tumbling window', { tumbling: LENGTH }, {}),
  hopping: object(
    'a hopping window',
    { hopping: pair('two lengths [size, hop], such as ["10m", "1m"]', LENGTH, LENGTH) },
    {},
  ),
  session: object('a session window', { session: LENGTH, max: LENGTH }, {}),
  count: object('a window of the last ones', { count: NUMBER }, {}),
  day: object('a window of the day', { day: oneOf(['utc']) }, {}),
}
const WINDOW: Check<Window> = (value, at, problems): value is Window => {
  const kind = isRecord(value) ? WINDOWS.find((one) => Object.hasOwn(value, one)) : undefined
  return kind === undefined
    ? wrong(problems, at, mustBe('a window: {"sliding": "60s"}, tumbling, hopping, session, count or day', value))
    : WINDOW_OF[kind](value, at, problems)
}

const LAG: Check<0 | 1> = scalar('0 or 1', (value) => value === 0 || value === 1)
export const AGGREGATE: Check<Aggregate> = object(
  'an aggregate',
  { agg: oneOf(AGGREGATES), over: WINDOW },
  {
    of: either(isText, EXPR, pair('an expression in quotes, or a list of two', EXPR, EXPR)),
    on: STREAM,
    where: EXPR,
    lag: LAG,
    arg: NUMBER,
    seed: oneOf(['first', 'zero']),
  },
)
