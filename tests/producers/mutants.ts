import fc from 'fast-check'

/** Values that a careless reader takes for a number, a time, a text or a symbol. As JSON text: the digits stay as they are. */
const JUNK: readonly string[] = [
  'null',
  'true',
  '[]',
  '{}',
  '[[]]',
  '""',
  '"x"',
  '0',
  '"0"',
  '-0',
  '"-0"',
  '-1',
  '"-1"',
  '1e400',
  '"1e400"',
  '1e-400',
  '"1e-400"',
  '5e-324',
  '"5e-324"',
  '"1.7976931348623157e308"',
  '"NaN"',
  '"Infinity"',
  '"0x10"',
  '"1,5"',
  '" 1"',
  '"1 "',
  '"٣"',
  '"0.00000000000000000000000000000001"',
  '"99999999999999999999999999"',
  '9007199254740991',
  '"9007199254740991"',
  '9007199254740993',
  '253402300800000',
  '"253402300800000"',
  '"1"',
  '1',
  '"0001-01-01T00:00:00.000000Z"',
  '"9999-12-31T23:59:59.999999Z"',
  '"2026-02-30T25:61:61Z"',
  '"__proto__"',
  '"toString"',
]

/** A few of them: fast-check's own unit `binary` takes seconds to build. */
const CONTROL = fc.constantFrom('\u0000', '\u001f', '\u2028', '\ud800', '\ufffd', '\ufeff', '\u{1f600}', '"', '{', '[')

/** A JSON value in a frame's text: a string, number or literal after `:`, `,` or `[`. */
const VALUE = /(?<=[:,[])(?:"[^"\\]*"|-?\d[\d.eE+-]*|true|false|null)/g

type Damage =
  | { readonly kind: 'value'; readonly at: number; readonly junk: string }
  | { readonly kind: 'swap'; readonly at: number; readonly other: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'drop' | 'double'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }

const place = fc.nat({ max: 1_000_000 })
const junk = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...JUNK) },
  { weight: 1, arbitrary: fc.double().map((value) => JSON.stringify(String(value))) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 1, arbitrary: fc.json() },
)
const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('value' as const), at: place, junk }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('swap' as const), at: place, other: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: place }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('drop' as const, 'double' as const),
      at: place,
      length: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('insert' as const), at: place, text: fc.string({ maxLength: 6 }) }),
  },
)

/** A frame with one or two damages, or a text that never was one. */
export const mutant = (frames: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.constantFrom(...frames), fc.array(damage, { minLength: 1, maxLength: 2 }))
        .map(([frame, damages]) => damages.reduce(damaged, frame)),
    },
    { weight: 1, arbitrary: fc.oneof(fc.json(), fc.string(), fc.string({ unit: CONTROL })) },
  )

function damaged(frame: string, one: Damage): string {
  const index = (at: number): number => at % (frame.length + 1)
  switch (one.kind) {
    case 'value':
      return replaced(frame, one.at, () => one.junk)
    case 'swap': {
      const values = frame.match(VALUE) ?? []
      return replaced(frame, one.at, (value) => values[one.other % values.length] ?? value)
    }
    case 'cut':
      return frame.slice(0, index(one.at))
    case 'drop':
      return frame.slice(0, index(one.at)) + frame.slice(index(one.at) + one.length)
    case 'double':
      return frame.slice(0, index(one.at) + one.length) + frame.slice(index(one.at))
    case 'insert':
      return frame.slice(0, index(one.at)) + one.text + frame.slice(index(one.at))
  }
}

function replaced(frame: string, at: number, by: (value: string) => string): string {
  const count = frame.match(VALUE)?.length ?? 0
  if (count === 0) return frame
  let index = 0
  return frame.replace(VALUE, (value) => (index++ === at % count ? by(value) : value))
}
