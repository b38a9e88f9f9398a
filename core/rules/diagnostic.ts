/**
 * What is wrong with a rule, or doubtful (codes W…): a code of rules.md section 10, the place in the document as a JSON pointer
 * (RFC 6901), of an expression also the characters from `from` to before `to`, and a sentence a trader understands.
 */
export type Diagnostic = {
  readonly code: string
  readonly pointer: string
  readonly from: number | undefined
  readonly to: number | undefined
  readonly message: string
}

export const isError = ({ code }: Diagnostic): boolean => code.startsWith('E')

/** A place below another: `/let` and `a/b` give `/let/a~1b`. */
export const pointerTo = (pointer: string, ...steps: readonly (string | number)[]): string =>
  [pointer, ...steps.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/')
