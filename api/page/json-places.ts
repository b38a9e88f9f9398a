/** A value of a JSON text: from its first character to before the one after its last. */
export type Range = { readonly from: number; readonly to: number }
export type Scan = {
  /** By JSON pointer (RFC 6901); the whole is ''. */
  readonly places: ReadonlyMap<string, Range>
  /** Why it is no JSON, and where; the places before it are there. */
  readonly problem: { readonly at: number; readonly message: string } | undefined
}

const DEEPEST = 200
const BLANK = /[ \t\n\r]*/y
const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
// oxlint-disable-next-line no-control-regex -- JSON forbids them bare
const STRING = /"([^"\\\u0000-\u001f]|\\(["\\/bfnrt]|u[\da-fA-F]{4}))*"/y
const WORD = /true|false|null/y

class Unreadable extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** Where each value of a JSON text stands. */
export function scanJson(text: string): Scan {
  const places = new Map<string, Range>()
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const fail = (message: string): never => {
    throw new Unreadable(Math.min(at, text.length), message)
  }
  const eat = (character: string): boolean => {
    take(BLANK)
    if (text[at] !== character) return false
    at++
    return true
  }
  const string = (): string => {
    const from = at
    const found = take(STRING)
    if (found === undefined) return fail('A text is not ended, or holds a character that must be escaped.')
    const parsed: unknown = JSON.parse(found)
    return typeof parsed === 'string' ? parsed : fail(`No text at ${from}.`)
  }
  const object = (pointer: string, depth: number): void => {
    if (eat('}')) return
    do {
      take(BLANK)
      if (text[at] !== '"') fail('Here a name in quotes must stand.')
      const name = string()
      if (!eat(':')) fail(`A colon must follow the name "${name}".`)
      value(`${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth)
    } while (eat(','))
    if (!eat('}')) fail('Here a comma or } must stand.')
  }
  const list = (pointer: string, depth: number): void => {
    if (eat(']')) return
    let index = 0
    do value(`${pointer}/${index++}`, depth)
    while (eat(','))
    if (!eat(']')) fail('Here a comma or ] must stand.')
  }
  function value(pointer: string, depth: number): void {
    if (depth > DEEPEST) fail('It is nested too deep.')
    take(BLANK)
    const from = at
    if (eat('{')) object(pointer, depth + 1)
    else if (eat('[')) list(pointer, depth + 1)
    else if (text[at] === '"') string()
    else if (take(NUMBER) === undefined && take(WORD) === undefined) fail('Here a value must stand.')
    places.set(pointer, { from, to: at })
  }
  try {
    value('', 0)
    take(BLANK)
    if (at < text.length) fail('Nothing may follow the document.')
    return { places, problem: undefined }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { places, problem: { at: error.at, message: error.message } }
  }
}

/** Where the n-th character of a text value stands in its JSON, which begins at `from` with the quote. */
export function placeInText(json: string, from: number, n: number): number {
  let at = from + 1
  for (let left = n; left > 0 && at < json.length && json[at] !== '"'; left--)
    at += json[at] !== '\\' ? 1 : json[at + 1] === 'u' ? 6 : 2
  return at
}

/** Line and column of a place, from 1. */
export function lineOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
