import { Environment } from '@marcbachmann/cel-js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codesOf, place, frameOf, trade, valueOf } from './place.ts'
import { values, written } from './written.ts'
import type { Values } from './written.ts'
import type { Expression, Value } from '../../../../core/rules/frame.ts'

function divided(a: number, b: number): number {
  const quotient = a / b
  if (!Number.isFinite(quotient)) throw new RangeError('absent')
  return quotient
}

const CEL = new Environment()
  .registerVariable('price', 'double')
  .registerVariable('size', 'double')
  .registerVariable('sequence', 'double')
  .registerVariable('eventMs', 'double')
  .registerVariable('symbol', 'string')
  .registerVariable('side', 'string')
  .registerVariable('id', 'string')
  .registerFunction('div(double, double): double', divided)

/** What CEL gives; an error (a variable without a value, `div`) is what is absent here. */
function celValue(text: string, of: Readonly<Record<string, unknown>>): unknown {
  const program = CEL.parse(text)
  const { valid, error } = program.check()
  if (!valid) throw new Error(`CEL refuses ${text}`, { cause: error })
  try {
    return program(of)
  } catch {
    return undefined
  }
}

const isAbsent = (value: unknown) => value === undefined || Number.isNaN(value)
/** 0 and −0 are one value, as they are in both languages' `==`. */
const same = (a: unknown, b: unknown) => (isAbsent(a) ? isAbsent(b) : a === b)

/** For what counts before names are looked at. */
const EVERYTHING = place(['trade'], new Map([['eventMs', { type: 'number', read: () => NaN }]]))

function ownValue(text: string, of: Values): Value {
  const { eventMs, side, ...fields } = of
  const lets = new Map<string, Expression>([['eventMs', { type: 'number', read: () => eventMs ?? NaN }]])
  return valueOf(text, place(['trade'], lets), frameOf(trade({ ...fields, side })))
}

test.each(['truth', 'number', 'text'] as const)('what CEL also has means the same as there: %s', (kind) => {
  const decided = { present: 0, absent: 0 }
  fc.assert(
    fc.property(written[kind], values, ({ own, cel }, of) => {
      fc.pre(!codesOf(own.text, EVERYTHING).includes('E106'))
      const given = Object.fromEntries(Object.entries(of).filter(([, one]) => one !== undefined))
      const [mine, theirs] = [ownValue(own.text, of), celValue(cel.text, given)]
      decided[isAbsent(theirs) ? 'absent' : 'present'] += 1
      return same(mine, theirs)
    }),
    { numRuns: 1000 },
  )
  expect(Math.min(decided.present, decided.absent)).toBeGreaterThan(20)
})
