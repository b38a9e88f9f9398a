import fc from 'fast-check'

/** An expression as it is written here and as CEL writes it; `level`: how tightly it binds, from 0 (`? :`) to 7. */
type Text = { readonly text: string; readonly level: number }
export type Written = { readonly own: Text; readonly cel: Text }

const leaf = (text: string, level = 7): Written => ({ own: { text, level }, cel: { text, level } })
const inside = ({ text, level }: Text, least: number): string => (level < least ? `(${text})` : text)
const both = (level: number, make: (of: 'own' | 'cel') => string): Written => ({
  own: { text: make('own'), level },
  cel: { text: make('cel'), level },
})
const infix = (op: string, level: number, right = level + 1) =>
  function joined([a, b]: readonly [Written, Written]): Written {
    return both(
      level,
      (of) =>
        `${inside(a[of], op === '&&' || op === '||' || level > 3 ? level : level + 1)} ${op} ${inside(b[of], right)}`,
    )
  }

/** Infinity and NaN are absent here, and errors of this function there; all else is CEL's own. */
const divided = ([a, b]: readonly [Written, Written]): Written => ({
  own: { text: `${inside(a.own, 5)} / ${inside(b.own, 6)}`, level: 5 },
  cel: { text: `div(${a.cel.text}, ${b.cel.text})`, level: 7 },
})

const chosen = ([a, b, c]: readonly [Written, Written, Written]): Written =>
  both(0, (of) => `${inside(a[of], 1)} ? ${inside(b[of], 1)} : ${inside(c[of], 0)}`)
const negated = (a: Written): Written => both(6, (of) => `-${inside(a[of], 7)}`)
const denied = (a: Written): Written => both(6, (of) => `!${inside(a[of], 7)}`)
const started = ([a, b]: readonly [Written, Written]): Written => ({
  own: { text: `startsWith(${a.own.text}, ${b.own.text})`, level: 7 },
  cel: { text: `${inside(a.cel, 7)}.startsWith(${b.cel.text})`, level: 7 },
})
const bracketed = (a: Written): Written => both(7, (of) => `(${a[of].text})`)

const NUMBERS = ['price', 'size', 'sequence', 'eventMs', '0.0', '1.0', '2.5', '3.0', '100.0', '1.5e3']
const TEXTS = ['symbol', 'side', 'id', "'BTC'", "'BTC-USDT'", '"BUY"', "''", String.raw`'a\'b'`]
const LISTS = ['[1.0, 2.5, 100.0]', '[-1.0]', '[0.0, 3.0]'] as const
const TEXT_LISTS = ["['BTC', 'BUY']", "['BTC-USDT', '']"] as const

/** Expressions that mean the same here and in CEL. */
export const written = fc.letrec<{ number: Written; text: Written; truth: Written }>((tie) => {
  const [number, text, truth] = [tie('number'), tie('text'), tie('truth')]
  const pair = fc.tuple(number, number)
  return {
    number: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom(...NUMBERS).map((one) => leaf(one)),
      pair.map(infix('+', 4)),
      pair.map(infix('-', 4)),
      pair.map(infix('*', 5)),
      pair.map(divided),
      number.map(negated),
      number.map(bracketed),
      fc.tuple(truth, number, number).map(chosen),
    ),
    text: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom(...TEXTS).map((one) => leaf(one)),
      fc.tuple(truth, text, text).map(chosen),
    ),
    truth: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom('true', 'false').map((one) => leaf(one)),
      ...['<', '<=', '>', '>=', '==', '!='].map((op) => pair.map(infix(op, 3))),
      ...['<', '>=', '==', '!='].map((op) => fc.tuple(text, text).map(infix(op, 3))),
      ...['==', '!='].map((op) => fc.tuple(truth, truth).map(infix(op, 3))),
      fc
        .tuple(
          number,
          fc.constantFrom(...LISTS).map((one) => leaf(one)),
        )
        .map(infix('in', 3)),
      fc
        .tuple(
          text,
          fc.constantFrom(...TEXT_LISTS).map((one) => leaf(one)),
        )
        .map(infix('in', 3)),
      fc.tuple(text, text).map(started),
      fc.tuple(truth, truth).map(infix('&&', 2)),
      fc.tuple(truth, truth).map(infix('&&', 2)),
      fc.tuple(truth, truth).map(infix('||', 1)),
      fc.tuple(truth, truth).map(infix('||', 1)),
      truth.map(denied),
      truth.map(bracketed),
      fc.tuple(truth, truth, truth).map(chosen),
    ),
  }
})

/** Values of the names in them; `undefined`: absent. */
export type Values = {
  readonly price: number
  readonly size: number
  readonly eventMs: number | undefined
  readonly symbol: string
  readonly side: 'BUY' | 'SELL' | undefined
  readonly id: string
}

export const values: fc.Arbitrary<Values> = fc.record({
  price: fc.constantFrom(0, 1, -1, 2.5, 100, 1e-9),
  size: fc.constantFrom(0, -0, 3, 0.5, 1e6),
  eventMs: fc.constantFrom(undefined, 1, 100),
  symbol: fc.constantFrom('BTC-USDT', 'BTC', 'ETH-USDT'),
  side: fc.constantFrom('BUY' as const, 'SELL' as const, undefined),
  id: fc.constantFrom('', 'BTC'),
})
