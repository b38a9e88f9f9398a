import { expect, test } from 'vitest'
import { testFiles } from '../../cli/rule-test.ts'
import { validateRule } from '../../core/rules/validate/validate.ts'
import { EMPTY_WORLD } from '../../core/rules/validate/world.ts'
import { rule } from '../core/rules/engine/rig.ts'

const trade = { at: '1s', stream: 'trade', set: { symbol: 'BTC-USDT', price: 101 } } as const
const document = (expected: readonly object[]) =>
  rule({ id: 'r', when: 'price > 100', tests: [{ name: 'fires', given: [trade], expect: expected }] })

function ran(json: boolean, ...documents: readonly unknown[]) {
  const lines: string[] = []
  const judge = (one: unknown, around: object) => validateRule(one, { ...EMPTY_WORLD, ...around })
  const files = documents.map((one, at) => ({ file: `${at}.json`, document: one }))
  return { code: testFiles({ judge, json, print: (line) => void lines.push(line) }, files), lines }
}

test('prints what passed and what the tests never show', () => {
  expect(ran(false, document([{ at: '1s' }]))).toEqual({
    code: 0,
    lines: ['0.json', '  passed  fires', '  never false: price > 100 (/when)', 'passed: 1 test(s)'],
  })
})

test('a test that fails is told with what it expected and got, and fails the command', () => {
  expect(ran(false, document([]), document([{}]))).toEqual({
    code: 2,
    lines: [
      '0.json',
      '  FAILED  fires',
      '          expected no match',
      '          got FIRED R at 1s',
      '  never false: price > 100 (/when)',
      '1.json',
      '  passed  fires',
      '  never false: price > 100 (/when)',
      '1 failed, 1 passed',
    ],
  })
})

test('a rule with an error fails the command', () => {
  const { code, lines } = ran(false, { ...document([{}]), when: 'pric > 100' })
  expect(code).toBe(2)
  expect(lines[0]).toBe('0.json /when: error E102')
  expect(lines.at(-1)).toBe('1 failed, 0 passed')
})

test('for machines each test is a line', () => {
  expect(ran(true, document([])).lines.map((line): unknown => JSON.parse(line))).toEqual([
    { file: '0.json', test: 'fires', passed: false, expected: 'no match', got: 'FIRED R at 1s' },
    {
      file: '0.json',
      holes: {
        conditions: [
          { pointer: '/when', from: 0, to: 11, text: 'price > 100', isTrue: true, isFalse: false, isAbsent: false },
        ],
        steps: [],
      },
    },
  ])
})
