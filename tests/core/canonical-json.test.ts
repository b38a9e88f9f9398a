import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../core/canonical-json.ts'

describe('canonical JSON', () => {
  test.each([
    ['{ "b": 1, "a": [ { "d": 0.10, "c": null } ] }', '{"a":[{"c":null,"d":0.1}],"b":1}'],
    ['{"é":1,"z":2,"Z":3,"10":4,"9":5}', '{"10":4,"9":5,"Z":3,"z":2,"é":1}'],
    ['[3,1,2]', '[3,1,2]'],
    ['{"__proto__":{"b":1,"a":2}}', '{"__proto__":{"a":2,"b":1}}'],
  ])('of %s is %s', (given, expected) => expect(canonicalJson(JSON.parse(given))).toBe(expected))

  test('is one text for all orders of names, and says the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(JSON.parse(text)))).toBe(text)
      }),
    )
  })
})

/** The same value with the names of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  )
}
