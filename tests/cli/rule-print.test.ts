import { describe, expect, test } from 'vitest'
import { diagnosticLines } from '../../cli/rule-print.ts'
import { ruleOf } from '../support/rules.ts'

const at = (pointer: string, from?: number, to?: number, code = 'E102') => ({
  code,
  pointer,
  from,
  to,
  message: 'There is no "pric".',
})

describe('a diagnostic', () => {
  test('names file, place and code, and marks the characters of the expression', () => {
    const rule = ruleOf('a', 1, 10, { when: 'ask > pric' })
    expect(diagnosticLines('rules/a.json', rule, at('/when', 6, 10))).toEqual([
      'rules/a.json /when: error E102',
      '  There is no "pric".',
      '    ask > pric',
      '          ^^^^',
    ])
  })

  test('of the end of an expression is marked behind it, an empty place by one caret', () => {
    const lines = diagnosticLines('f', { when: 'a >' }, at('/when', 3, 3, 'E101'))
    expect(lines.slice(2)).toEqual(['    a >', '       ^'])
  })

  test('of a long expression shows what is around it, on one line', () => {
    const when = `${'a > 1 &&\n'.repeat(40)}pric > 2${' && a > 1'.repeat(40)}`
    const [, , text = '', mark = ''] = diagnosticLines('f', { when }, at('/when', 360, 364))
    expect(text.length).toBeLessThan(110)
    expect(text).toMatch(/^ {4}….*pric > 2.*…$/)
    expect(text.slice(mark.indexOf('^'), mark.lastIndexOf('^') + 1)).toBe('pric')
  })

  test('without a place in an expression, or of a place that is not there, is its sentence alone', () => {
    const head = ['f /tests: warning W806', '  There is no "pric".']
    expect(diagnosticLines('f', ruleOf('a'), at('/tests', undefined, undefined, 'W806'))).toEqual(head)
    expect(diagnosticLines('f', ruleOf('a'), at('/tests', 3, 4, 'W806'))).toEqual(head)
    expect(diagnosticLines('f', ruleOf('a'), at('', undefined, undefined))[0]).toBe('f: error E102')
  })

  test('finds names that hold slashes and tildes, and none of a prototype', () => {
    const document = { let: { 'a/b~c': 'pric' } }
    expect(diagnosticLines('f', document, at('/let/a~1b~0c', 0, 4))).toHaveLength(4)
    expect(diagnosticLines('f', document, at('/constructor/name', 0, 4))).toHaveLength(2)
  })
})
