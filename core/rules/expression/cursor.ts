import { quoted } from './problem.ts'
import { wordHint } from './slips.ts'
import { tokensOf } from './token.ts'
import type { Problem } from './problem.ts'
import type { Token } from './token.ts'
import type { Tree } from './tree.ts'

const MAX_LENGTH = 4096
const MAX_NODES = 256
const MAX_DEPTH = 32

/** Where the parser stands in a text. What answers `undefined` has told a problem; the first one is kept. */
export type Cursor = {
  readonly token: (ahead?: number) => Token
  /** Of a word or sign. */
  readonly here: () => string | undefined
  readonly advance: () => void
  /** Goes on if the sign stands here. */
  readonly take: (sign: string) => boolean
  readonly fail: (problem: Problem) => undefined
  readonly unexpected: (expected: string) => undefined
  /** Counts the tree as one part. */
  readonly made: (tree: Tree) => Tree | undefined
  readonly deeper: (read: () => Tree | undefined) => Tree | undefined
  readonly problem: () => Problem | undefined
}

export const textOf = (token: Token): string | undefined => ('text' in token ? token.text : undefined)
export const problemAt = (from: number, to: number, message: string): Problem => ({ code: 'E101', from, to, message })
export const tooMuch = (from: number, to: number, message: string): Problem => ({ code: 'E106', from, to, message })

/** At the beginning of the text; a problem if it is too long or holds what is no token. */
export function cursorOf(text: string): Cursor | Problem {
  if (text.length > MAX_LENGTH)
    return tooMuch(0, text.length, `the expression has ${text.length} characters, at most ${MAX_LENGTH} are read`)
  const tokens = tokensOf(text)
  if ('code' in tokens) return tokens
  const end: Token = { kind: 'end', from: text.length, to: text.length }
  let problem: Problem | undefined
  let at = 0
  let nodes = 0
  let depth = 0

  const token = (ahead = 0): Token => tokens[at + ahead] ?? end
  const here = (): string | undefined => textOf(token())
  function fail(one: Problem): undefined {
    problem ??= one
  }
  return {
    token,
    here,
    fail,
    problem: () => problem,
    advance() {
      at += 1
    },
    take(sign) {
      const taken = here() === sign
      if (taken) at += 1
      return taken
    },
    unexpected(expected) {
      const one = token()
      const found = one.kind === 'end' ? 'the expression ends here' : `found ${quoted(text, one.from, one.to)}`
      const hint = one.kind === 'word' ? wordHint(one.text) : ''
      return fail(problemAt(one.from, one.to, `${found}, but ${expected}${hint}`))
    },
    made(tree) {
      nodes += 1
      if (nodes <= MAX_NODES) return tree
      const message = `the expression has more than ${MAX_NODES} parts: give parts of it names in \`let\``
      return fail(tooMuch(0, text.length, message))
    },
    deeper(read) {
      if (depth >= MAX_DEPTH) {
        const { from, to } = token()
        const message = `brackets and calls are more than ${MAX_DEPTH} deep here: give parts names in \`let\``
        return fail(tooMuch(from, to, message))
      }
      depth += 1
      const tree = read()
      depth -= 1
      return tree
    },
  }
}
