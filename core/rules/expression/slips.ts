import { quoted } from './problem.ts'
import type { Problem } from './problem.ts'

/** What other languages write, and what a rule writes for it. */
const SIGNS: ReadonlyMap<string, string> = new Map([
  ['=', '`=` is not an operator: write `==` to compare'],
  ['===', 'write `==`'],
  ['!==', 'write `!=`'],
  ['<>', 'write `!=`'],
  ['≠', 'write `!=`'],
  ['=>', 'write `>=`'],
  ['≥', 'write `>=`'],
  ['=<', 'write `<=`'],
  ['≤', 'write `<=`'],
  ['&', 'write `&&` for "and"'],
  ['|', 'write `||` for "or"'],
  ['**', 'there is no power: multiply'],
  ['^', 'there is no power: multiply'],
  ['%', 'there is no `%`; of a percentage write the number, for example `0.05`'],
  ['//', 'there are no comments in an expression'],
  ['/*', 'there are no comments in an expression'],
  ['×', 'write `*`'],
  ['·', 'write `*`'],
  ['÷', 'write `/`'],
  ['−', 'write `-`'],
  ['–', 'write `-`'],
  ['“', 'write texts in plain quotes: \'…\' or "…"'],
  ['”', 'write texts in plain quotes: \'…\' or "…"'],
  ['‘', 'write texts in plain quotes: \'…\' or "…"'],
  ['’', 'write texts in plain quotes: \'…\' or "…"'],
  ['`', 'write texts in plain quotes: \'…\' or "…"'],
  ['{', 'there are no maps; lists are written [1, 2]'],
  ['}', 'there are no maps; lists are written [1, 2]'],
  [';', 'an expression is one value: join conditions by `&&` or `||`'],
  ['\u00a0', 'this is a space that does not break: write a plain one'],
])

/** Words where an operator should stand. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['and', 'write `&&`'],
  ['or', 'write `||`'],
  ['not', 'write `!`'],
  ['is', 'write `==`'],
  ['eq', 'write `==`'],
  ['equals', 'write `==`'],
  ['mod', 'there is no remainder'],
  ['between', 'write `low <= x && x <= high`'],
  ['like', 'write `contains(text, part)` or `startsWith(text, part)`'],
  ['matches', 'there are no regular expressions: write `contains(text, part)`'],
  ['if', 'write `condition ? one : other`'],
  ['then', 'write `condition ? one : other`'],
  ['else', 'write `condition ? one : other`'],
])

const shown = (text: string): string => {
  const code = text.codePointAt(0) ?? 0
  return code <= 0x20 || (code >= 0x7f && code < 0xa1)
    ? `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    : `\`${text}\``
}

/** The character (or two, three) that no token starts with. */
export function badCharacter(text: string, from: number): Problem {
  const hint = SIGNS.get(text)
  const message = hint?.startsWith(`\`${text}\``) ? hint : `${shown(text)} means nothing here${hint ? `: ${hint}` : ''}`
  return { code: 'E101', from, to: from + text.length, message }
}

/** What begins as a number and does not go on as one. */
export function badNumber(text: string, from: number): Problem {
  const problem = (message: string): Problem => ({ code: 'E101', from, to: from + text.length, message })
  const start = quoted(text, 0, text.length)
  if (/^\d+(ms|s|m|h|d)$/.test(text))
    return problem(`${start} is no number: write duration('${text.slice(0, 24)}') for a length of time`)
  if (/^\d[\d_]*(\.\d+)?$/.test(text)) return problem(`${start}: write numbers without \`_\``)
  if (/^[\d.]+[kKM]$/.test(text)) return problem(`${start}: write numbers out, for example 5000 or 5e3`)
  if (/^\d+\.$/.test(text)) return problem(`${start}: digits are missing after the point`)
  if (/^0[xXbBoO]/.test(text)) return problem(`${start}: write numbers in the decimal system`)
  if (/^[\d.]+[eE]$/.test(text)) return problem(`${start}: digits are missing after the e`)
  if (/^[\d.]+$/.test(text)) return problem(`${start} is no number: it has more than one point`)
  return problem(`${start} is no number and no name: a name starts with a letter`)
}

/** ` : write …`, if the word is an operator elsewhere. */
export function wordHint(word: string): string {
  const hint = WORDS.get(word.toLowerCase())
  return hint === undefined ? '' : `: ${hint}`
}
