import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { exp, ln } from '../../core/math.ts'

const VIEW = new DataView(new ArrayBuffer(8))
function ordinal(x: number): bigint {
  VIEW.setFloat64(0, x)
  const bits = VIEW.getBigInt64(0)
  return bits < 0n ? -0x8000000000000000n - bits : bits
}
function bitsOf(x: number): string {
  VIEW.setFloat64(0, x)
  return VIEW.getBigUint64(0).toString(16).padStart(16, '0')
}
function ofBits(bits: string): number {
  VIEW.setBigUint64(0, BigInt(`0x${bits}`))
  return VIEW.getFloat64(0)
}
/** How many doubles one is from the other. */
const apart = (a: number, b: number): bigint => {
  if (Number.isNaN(a) && Number.isNaN(b)) return 0n
  const difference = ordinal(a) - ordinal(b)
  return difference < 0n ? -difference : difference
}

/**
 * Argument; the correctly rounded value, computed by mpmath 1.3.0 with 400 bits; where that of fdlibm is another, its bits
 * as StrictMath of OpenJDK 17 gives them (StrictMath is fdlibm by its specification).
 */
type Pinned = { readonly argument: number; readonly rounded: string; readonly fdlibm?: string }
const LN: readonly Pinned[] = [
  { argument: 1e-320, rounded: 'c087069e3078e52d' },
  { argument: 2.2250738585072014e-308, rounded: 'c086232bdd7abcd2' },
  { argument: 1e-300, rounded: 'c085963447f87fb5' },
  { argument: 1e-9, rounded: 'c034b927f32bffb8' },
  { argument: 0.5, rounded: 'bfe62e42fefa39ef' },
  { argument: 0.7071067811865476, rounded: 'bfd62e42fefa39ee' },
  { argument: 0.9999999, rounded: 'be7ad7f2b1049b9f' },
  { argument: 1.0000001, rounded: '3e7ad7f2847b6492' },
  { argument: 1.1, rounded: '3fb8663f793c46cc' },
  { argument: 1.4142135623730951, rounded: '3fd62e42fefa39f0' },
  { argument: 1.5, rounded: '3fd9f323ecbf984c' },
  { argument: 2, rounded: '3fe62e42fefa39ef' },
  { argument: 2.718281828459045, rounded: '3ff0000000000000' },
  { argument: 3, rounded: '3ff193ea7aad030b', fdlibm: '3ff193ea7aad030a' },
  { argument: 10, rounded: '40026bb1bbb55516' },
  { argument: 0.9999998366932873, rounded: 'be85eb2d2746d72b' },
  { argument: 1.0001143381698379, rounded: '3f1df8aa82d2fdaa' },
  { argument: 100, rounded: '40126bb1bbb55516' },
  { argument: 100000, rounded: '4027069e2aa2aa5b' },
  { argument: 1000000000000000, rounded: '404144f69ff9ffc4' },
  { argument: 1600000000000000, rounded: '4041811fb42e4e12' },
  { argument: 1e300, rounded: '4085963447f87fb5' },
  { argument: 1.7976931348623157e308, rounded: '40862e42fefa39ef' },
]
const EXP: readonly Pinned[] = [
  { argument: -745.1, rounded: '0000000000000001' },
  { argument: -708.4, rounded: '000ff15b469edf89' },
  { argument: -100, rounded: '36ea8c1f14e2af5d' },
  { argument: -10, rounded: '3f07cd79b5647c9b', fdlibm: '3f07cd79b5647c9a' },
  { argument: -1, rounded: '3fd78b56362cef38' },
  { argument: -0.5, rounded: '3fe368b2fc6f960a' },
  { argument: -0.34657359, rounded: '3fe6a09e669a7145' },
  { argument: -1e-10, rounded: '3feffffffff24190' },
  { argument: 1e-5, rounded: '3ff0000a7c5e340e' },
  { argument: 0.1, rounded: '3ff1aec7b35a00d4' },
  { argument: 0.3465, rounded: '3ff6a03146cf6ead' },
  { argument: 0.5, rounded: '3ffa61298e1e069c' },
  { argument: 1, rounded: '4005bf0a8b145769', fdlibm: '4005bf0a8b14576a' },
  { argument: 1.04, rounded: '4006a23c87af69e8' },
  { argument: 2, rounded: '401d8e64b8d4ddae' },
  { argument: 3.14159, rounded: '4037240068789162' },
  { argument: 10, rounded: '40d5829dcf950560' },
  { argument: 50.5, rounded: '447cf65319c5751a' },
  { argument: 100, rounded: '48f3494a9b171bf5' },
  { argument: 300.25, rounded: '5b01fda3eaeb3d0e' },
  { argument: 700, rounded: '7f0d945df4f8ec8e' },
  { argument: 709.78, rounded: '7fefe9ce5c4c52b4' },
]

describe.each([
  { name: 'ln', own: ln, engine: Math.log, pinned: LN },
  { name: 'exp', own: exp, engine: Math.exp, pinned: EXP },
])('$name', ({ own, engine, pinned }) => {
  test.each(pinned)('of $argument has the pinned bits', ({ argument, rounded, fdlibm }) => {
    expect(bitsOf(own(argument))).toBe(fdlibm ?? rounded)
    expect(apart(own(argument), ofBits(rounded))).toBeLessThanOrEqual(1n)
  })

  test("is within one double of the engine's, for doubles of every size", () => {
    const close = (x: number): boolean => apart(own(x), engine(x)) <= 1n
    fc.assert(fc.property(fc.double(), close), { numRuns: 20_000 })
    fc.assert(fc.property(fc.double({ min: -700, max: 700 }), close), { numRuns: 10_000 })
    fc.assert(fc.property(fc.double({ min: 0.5, max: 2 }), close), { numRuns: 10_000 })
    expect(close(1e-7)).toBe(true)
  })
})

describe('at the ends', () => {
  test.each([
    [0, -Infinity],
    [-0, -Infinity],
    [1, 0],
    [-1, NaN],
    [-Infinity, NaN],
    [Infinity, Infinity],
    [NaN, NaN],
  ])('ln of %d is %d', (x, expected) => expect(ln(x)).toBe(expected))

  test.each([
    [0, 1],
    [-0, 1],
    [710, Infinity],
    [Infinity, Infinity],
    [-746, 0],
    [-Infinity, 0],
    [1e-300, 1],
    [NaN, NaN],
  ])('exp of %d is %d', (x, expected) => expect(exp(x)).toBe(expected))
})
