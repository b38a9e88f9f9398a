import { expressionOf, fieldOfAny } from '../../../../core/rules/fields.ts'
import { readExpression } from '../../../../core/rules/expression/read-expression.ts'
import { micros } from '../../../../core/time.ts'
import type { RuleEvent, Stream, TradeEvent } from '../../../../core/rules/events.ts'
import type { Expression, Frame, Names, Type, Value } from '../../../../core/rules/frame.ts'

export const trade = (fields: Partial<TradeEvent> = {}): TradeEvent => ({
  stream: 'trade',
  offset: 1,
  at: micros(1_700_000_000_000_000),
  feed: 'SIMULATED',
  exchange: 'kraken',
  symbol: 'BTC-USDT',
  base: 'BTC',
  quoteAsset: 'USDT',
  eventTime: 1_700_000_000_000_000,
  receiveTime: 1_700_000_000_050_000,
  sequence: NaN,
  id: '7',
  side: 'BUY',
  price: 100,
  size: 0.5,
  ...fields,
})

export const frameOf = (event: RuleEvent = trade(), now = event.at): Frame => ({
  event,
  now,
  stamp: 1,
  slots: [],
  taken: undefined,
  earlier: [],
})

/** A place on some streams, with `let` names, and one step `s` whose fields are those of the streams. */
export function place(
  streams: readonly Stream[] = ['trade'],
  lets: ReadonlyMap<string, Expression> = new Map(),
): Names {
  const named: Names['named'] = (name) => {
    const field = fieldOfAny(streams, name)
    return lets.get(name) ?? ('read' in field ? expressionOf(field) : field)
  }
  const outside = (step: string) => ({ code: 'E107', message: `\`${step}\` is no step here` })
  return {
    named,
    ofStep: (step, name) => (step === 's' ? named(name) : outside(step)),
    overStep: (call, step, name, nth) =>
      step === 's' ? { type: 'number', read: () => call.length * 100 + (name ?? '').length * 10 + nth } : outside(step),
    previous: (name, nth) => (nth > 0 ? named(name) : outside(name)),
  }
}

/** The value, or `code from-to: message` of the problems. */
export function valueOf(text: string, names = place(), frame = frameOf(), wanted?: Type): Value {
  const read = readExpression(text, names, wanted)
  return 'problems' in read ? told(read.problems).join('\n') : read.expression.read(frame)
}

export const told = (problems: readonly { code: string; from: number; to: number; message: string }[]) =>
  problems.map(({ code, from, to, message }) => `${code} ${from}-${to}: ${message}`)

export const codesOf = (text: string, names = place(), wanted?: Type): readonly string[] => {
  const read = readExpression(text, names, wanted)
  return 'problems' in read ? read.problems.map(({ code }) => code) : []
}
