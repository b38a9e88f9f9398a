import { expect, test } from 'vitest'
import { benchEvents } from '../../../../bench/streams/events.ts'
import { compileRule } from '../../../../core/rules/compile/compile.ts'
import type { Rule } from '../../../../core/rules/document.ts'
import { preparePattern } from '../../../../core/rules/pattern/prepare.ts'
import { patternInitial, type PatternState } from '../../../../core/rules/pattern/state.ts'
import { patternStep } from '../../../../core/rules/pattern/step.ts'
import { frameOf, trade } from './support.ts'

type Job = { readonly size: number; readonly up: number; readonly down: number; readonly within: string }

/** J2 of arbitrage.md section 9, as a rule. */
const job = ({ size, up, down, within }: Job): Rule => ({
  id: 'job',
  version: 1,
  name: 'Job',
  enabled: true,
  on: 'trade',
  by: ['symbol'],
  pattern: {
    within,
    skip: 'none',
    maxPartials: 4096,
    steps: [
      { as: 'a', if: `size > ${size}` },
      { not: { if: `price < a.price * ${down}` } },
      { as: 'b', if: `price > a.price * ${up}` },
    ],
  },
  severity: 'info',
  emit: { type: 'JOB' },
})

function matchesOf(rule: Rule, count: number): { readonly matches: number; readonly dropped: number } {
  const compiled = compileRule(rule, () => 0)
  if (!('program' in compiled) || compiled.program.body.kind !== 'pattern') throw new Error(JSON.stringify(compiled))
  const pattern = preparePattern(compiled.program.body.pattern)
  expect(pattern.heaped).toHaveLength(1)
  const states: PatternState[] = Array.from({ length: 100 }, () => patternInitial(pattern))
  const frame = frameOf(trade('first'))
  let matches = 0
  let dropped = 0
  for (const { symbol, ms, price, size } of benchEvents(count)) {
    const state = states[symbol]
    if (state === undefined) throw new Error(`no symbol ${symbol}`)
    frame.event = trade('', { at: ms * 1000, price, size })
    frame.now = frame.event.at
    frame.stamp++
    dropped += patternStep(pattern, state, frame, () => void matches++)
  }
  return { matches, dropped }
}

test('J2 of arbitrage.md has 1,924 matches in 2,000,000 events', () => {
  const rule = job({ size: 990, up: 1.0005, down: 0.9995, within: '5s' })
  expect(matchesOf(rule, 2_000_000)).toEqual({ matches: 1924, dropped: 0 })
})

test('J2H, with some 3,000 partials for each key, has 5,702 in 600,000', () => {
  const rule = job({ size: 500, up: 1.002, down: 0.998, within: '60s' })
  expect(matchesOf(rule, 600_000)).toEqual({ matches: 5702, dropped: 0 })
})
