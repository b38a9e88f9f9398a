import { exp, ln } from '../../math.ts'
import { parseSymbol } from '../../symbol.ts'
import { MICROS_PER_SECOND } from '../../time.ts'
import { finite } from './operand.ts'
import type { Expression, Frame, NumberExpression, NumberType, TextExpression, Type } from '../frame.ts'

type Numbers = (frame: Frame) => number
type Texts = (frame: Frame) => string | undefined
type Truths = (frame: Frame) => boolean | undefined

/** `make` is asked only with as many values as fit; `undefined`: not of these types. */
export type ValueFunction = {
  readonly usage: string
  readonly least: number
  readonly most: number
  readonly takes: readonly Type[]
  readonly make: (of: readonly Expression[]) => Expression | undefined
}

const NUMERIC: readonly NumberType[] = ['number', 'time', 'duration']
const ALL: readonly Type[] = [...NUMERIC, 'string', 'bool']
const isNumeric = (one: Expression): one is NumberExpression => one.type !== 'string' && one.type !== 'bool'
const isText = (one: Expression): one is TextExpression => one.type === 'string'

// Each function has closures of its own instead of one that calls whatever it is given: an engine makes them faster.
function ofNumber(
  usage: string,
  of: (x: Numbers) => Numbers,
  types: readonly [takes: readonly NumberType[], gives: NumberType | 'same'] = [['number'], 'number'],
): ValueFunction {
  const [takes, gives] = types
  const make = ([one]: readonly Expression[]): Expression | undefined => {
    if (one === undefined || !isNumeric(one)) return undefined
    return { type: gives === 'same' ? one.type : gives, read: of(one.read) }
  }
  return { usage, least: 1, most: 1, takes, make }
}

/** Several values of one numeric type. */
function ofNumbers(
  usage: string,
  counts: readonly [number, number],
  make: (of: readonly Numbers[]) => Numbers,
  takes = NUMERIC,
): ValueFunction {
  const [least, most] = counts
  return {
    usage,
    least,
    most,
    takes,
    make: (of) => {
      const numbers = of.filter(isNumeric)
      const type = numbers[0]?.type
      if (type === undefined || numbers.length < of.length || numbers.some((one) => one.type !== type)) return undefined
      return { type, read: make(numbers.map(({ read }) => read)) }
    },
  }
}

function ofTexts(usage: string, test: (text: string, part: string) => boolean): ValueFunction {
  const make = ([one, other]: readonly Expression[]): Expression | undefined => {
    if (one === undefined || other === undefined || !isText(one) || !isText(other)) return undefined
    const [text, part] = [one.read, other.read]
    const read: Truths = (frame) => {
      const x = text(frame)
      const y = part(frame)
      return x === undefined || y === undefined ? undefined : test(x, y)
    }
    return { type: 'bool', read }
  }
  return { usage, least: 2, most: 2, takes: ['string'], make }
}

function ofSymbol(usage: string, part: 'base' | 'quote'): ValueFunction {
  const make = ([one]: readonly Expression[]): Expression | undefined => {
    if (one === undefined || !isText(one)) return undefined
    const { read } = one
    const text: Texts = (frame) => parseSymbol(read(frame) ?? '')?.[part]
    return { type: 'string', read: text }
  }
  return { usage, least: 1, most: 1, takes: ['string'], make }
}

/** The nearest whole number, halves away from 0. */
function rounded(x: number): number {
  const size = Math.abs(x)
  const below = Math.floor(size)
  const whole = size - below >= 0.5 ? below + 1 : below
  return x < 0 ? -whole : whole
}

const MICROS_PER_HOUR = 3_600_000_000
const modulo = (x: number, n: number): number => ((x % n) + n) % n
const hour = (time: number): number => modulo(Math.floor(time / MICROS_PER_HOUR), 24)
/** 1970-01-01 was a Thursday. */
const dayOfWeek = (time: number): number => modulo(Math.floor(time / (24 * MICROS_PER_HOUR)) + 4, 7)

function joined(of: readonly Numbers[], join: (x: Numbers, y: Numbers) => Numbers): Numbers {
  const [first, ...others] = of
  return others.reduce(join, first ?? (() => NaN))
}

const lesser =
  (x: Numbers, y: Numbers): Numbers =>
  (frame) =>
    Math.min(x(frame), y(frame))
const greater =
  (x: Numbers, y: Numbers): Numbers =>
  (frame) =>
    Math.max(x(frame), y(frame))

function clamped([x, low, high]: readonly Numbers[]): Numbers {
  if (x === undefined || low === undefined || high === undefined) return () => NaN
  return (frame) => Math.min(Math.max(x(frame), low(frame)), high(frame))
}

function bps([a, b]: readonly Numbers[]): Numbers {
  if (a === undefined || b === undefined) return () => NaN
  return (frame) => {
    const base = b(frame)
    return finite((10_000 * (a(frame) - base)) / base)
  }
}

function has([one]: readonly Expression[]): Expression | undefined {
  if (one === undefined) return undefined
  if (!isNumeric(one)) {
    const { read } = one
    return { type: 'bool', read: (frame) => read(frame) !== undefined }
  }
  const { read } = one
  return { type: 'bool', read: (frame) => !Number.isNaN(read(frame)) }
}

function orElse([one, other]: readonly Expression[]): Expression | undefined {
  if (one === undefined || other === undefined) return undefined
  if (one.type === 'string' && other.type === 'string') {
    const [x, y] = [one.read, other.read]
    return { type: 'string', read: (frame) => x(frame) ?? y(frame) }
  }
  if (one.type === 'bool' && other.type === 'bool') {
    const [x, y] = [one.read, other.read]
    return { type: 'bool', read: (frame) => x(frame) ?? y(frame) }
  }
  if (!isNumeric(one) || !isNumeric(other) || one.type !== other.type) return undefined
  const [x, y] = [one.read, other.read]
  const read: Numbers = (frame) => {
    const value = x(frame)
    return Number.isNaN(value) ? y(frame) : value
  }
  return { type: one.type, read }
}

/** Functions of values (rules.md section 3); `duration('5s')` and what concerns steps and earlier events: check.ts. */
export const VALUE_FUNCTIONS: ReadonlyMap<string, ValueFunction> = new Map([
  ['abs', ofNumber('abs(x)', (x) => (frame) => Math.abs(x(frame)), [['number', 'duration'], 'same'])],
  ['sign', ofNumber('sign(x)', (x) => (frame) => Math.sign(x(frame)))],
  ['floor', ofNumber('floor(x)', (x) => (frame) => Math.floor(x(frame)))],
  ['ceil', ofNumber('ceil(x)', (x) => (frame) => Math.ceil(x(frame)))],
  ['round', ofNumber('round(x)', (x) => (frame) => rounded(x(frame)))],
  ['sqrt', ofNumber('sqrt(x)', (x) => (frame) => Math.sqrt(x(frame)))],
  ['ln', ofNumber('ln(x)', (x) => (frame) => finite(ln(x(frame))))],
  ['exp', ofNumber('exp(x)', (x) => (frame) => finite(exp(x(frame))))],
  ['min', ofNumbers('min(a, b, …)', [2, Infinity], (of) => joined(of, lesser))],
  ['max', ofNumbers('max(a, b, …)', [2, Infinity], (of) => joined(of, greater))],
  ['clamp', ofNumbers('clamp(x, low, high)', [3, 3], clamped)],
  ['bps', ofNumbers('bps(a, b)', [2, 2], bps, ['number'])],
  ['startsWith', ofTexts('startsWith(text, start)', (text, part) => text.startsWith(part))],
  ['endsWith', ofTexts('endsWith(text, end)', (text, part) => text.endsWith(part))],
  ['contains', ofTexts('contains(text, part)', (text, part) => text.includes(part))],
  ['base', ofSymbol('base(symbol)', 'base')],
  ['quoteAsset', ofSymbol('quoteAsset(symbol)', 'quote')],
  ['seconds', ofNumber('seconds(duration)', (d) => (frame) => d(frame) / MICROS_PER_SECOND, [['duration'], 'number'])],
  ['hourUtc', ofNumber('hourUtc(time)', (t) => (frame) => hour(t(frame)), [['time'], 'number'])],
  ['dayOfWeekUtc', ofNumber('dayOfWeekUtc(time)', (t) => (frame) => dayOfWeek(t(frame)), [['time'], 'number'])],
  [
    'clock',
    { usage: 'clock()', least: 0, most: 0, takes: [], make: () => ({ type: 'time', read: ({ now }: Frame) => now }) },
  ],
  ['has', { usage: 'has(x)', least: 1, most: 1, takes: ALL, make: has }],
  ['orElse', { usage: 'orElse(x, other)', least: 2, most: 2, takes: ALL, make: orElse }],
])
