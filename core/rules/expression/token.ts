import { badCharacter, badNumber } from './slips.ts'
import { quoted } from './problem.ts'
import type { Problem } from './problem.ts'

/** `word`: names, and `in`, `true`, `false`; `sign`: operators and brackets. */
export type Token = { readonly from: number; readonly to: number } & (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'word' | 'sign'; readonly text: string }
  | { readonly kind: 'end' }
)

const MAX_NAME = 64

const SPACE = /[ \t\r\n]*/y
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y
/** What was meant as one word or number, for a message: also with what no number holds. */
const NUMBER_LIKE = /[.\d][\w.]*/y
const SIGN = /\|\||&&|[<>=!]=|[?:<>+\-*/!.()[\],]/y
const STRING = /'(?:[^'\\\n\r]|\\[\\'"nt]|\\u[0-9a-fA-F]{4})*'|"(?:[^"\\\n\r]|\\[\\'"nt]|\\u[0-9a-fA-F]{4})*"/y
/** Ends where a text should, whatever is escaped in it. */
const STRING_LIKE = /'(?:[^'\\\n\r]|\\.)*'|"(?:[^"\\\n\r]|\\.)*"/y
/** Of a text without an end: the rest of its line. */
const LINE = /[^\n\r]*/y
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(.))/g
/** Signs of other languages, longest first, and what is written here. */
const STRANGE = /===|!==|=>|=<|<>|\*\*|\/\/|\/\*|&|\||=/y

function matchAt(pattern: RegExp, text: string, from: number): string | undefined {
  pattern.lastIndex = from
  return pattern.exec(text)?.[0]
}

const unescaped = (text: string): string =>
  text.slice(1, -1).replaceAll(ESCAPE, (_, hex: string | undefined, one: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return one === 'n' ? '\n' : one === 't' ? '\t' : (one ?? '')
  })

function badString(text: string, from: number): Problem {
  const piece = matchAt(STRING_LIKE, text, from)
  if (piece === undefined) {
    const to = from + (matchAt(LINE, text, from)?.length ?? 0)
    return { code: 'E101', from, to, message: `this text has no end: a second ${text.charAt(from)} is missing` }
  }
  // Pairs are blanked first, so that the second of them does not begin an escape.
  const escape = /\\(?![\\'"nt]|u[0-9a-fA-F]{4})./.exec(piece.replaceAll('\\\\', '  '))
  const at = from + (escape?.index ?? 0)
  const message = `\`${escape?.[0] ?? ''}\` means nothing in a text: write \\\\ \\' \\" \\n \\t or \\u and four hexadecimal digits`
  return { code: 'E101', from: at, to: at + 2, message }
}

function tokenAt(text: string, from: number): Token | Problem {
  const strange = matchAt(STRANGE, text, from)
  const sign = matchAt(SIGN, text, from)
  const number = matchAt(NUMBER, text, from)
  if (number !== undefined) {
    const whole = matchAt(NUMBER_LIKE, text, from) ?? number
    const to = from + number.length
    if (whole.length > number.length) return badNumber(whole, from)
    const value = Number(number)
    if (!Number.isFinite(value))
      return { code: 'E101', from, to, message: `${quoted(text, from, to)} is greater than any number (1.8e308)` }
    return { kind: 'number', from, to, value }
  }
  if (sign !== undefined && (strange === undefined || strange.length <= sign.length))
    return { kind: 'sign', from, to: from + sign.length, text: sign }
  const word = matchAt(WORD, text, from)
  if (word !== undefined) {
    const to = from + word.length
    if (word.length > MAX_NAME)
      return { code: 'E106', from, to, message: `a name has at most ${MAX_NAME} characters, this one ${word.length}` }
    return { kind: 'word', from, to, text: word }
  }
  const string = matchAt(STRING, text, from)
  if (string !== undefined) return { kind: 'string', from, to: from + string.length, value: unescaped(string) }
  const first = text.charAt(from)
  if (first === "'" || first === '"') return badString(text, from)
  return badCharacter(strange ?? String.fromCodePoint(text.codePointAt(from) ?? 0), from)
}

/** The tokens with an `end` behind them, or the first problem. Linear in the text. */
export function tokensOf(text: string): readonly Token[] | Problem {
  const tokens: Token[] = []
  for (let at = 0; ;) {
    at += matchAt(SPACE, text, at)?.length ?? 0
    if (at >= text.length) return [...tokens, { kind: 'end', from: text.length, to: text.length }]
    const token = tokenAt(text, at)
    if ('code' in token) return token
    tokens.push(token)
    at = token.to
  }
}
