import { isError, type Diagnostic } from '../core/rules/diagnostic.ts'

/** Of a long expression as much as is needed to see the place. */
const MOST_SHOWN = 100

/**
 * A diagnostic as a person reads it: where it is, what is wrong, and of an expression its text with a mark below the place.
 */
export function diagnosticLines(file: string, document: unknown, diagnostic: Diagnostic): readonly string[] {
  const { code, pointer, message } = diagnostic
  const head = [
    `${file}${pointer === '' ? '' : ` ${pointer}`}: ${isError(diagnostic) ? 'error' : 'warning'} ${code}`,
    `  ${message}`,
  ]
  const text = valueAt(document, pointer)
  return typeof text === 'string' && diagnostic.from !== undefined
    ? [...head, ...marked(text, diagnostic.from, diagnostic.to ?? diagnostic.from + 1)]
    : head
}

/** Two lines: the text, on one line and cut to what is around the place, and carets below it. */
function marked(text: string, from: number, to: number): readonly string[] {
  const start = text.length <= MOST_SHOWN ? 0 : Math.max(0, Math.min(from - 30, text.length - MOST_SHOWN))
  const end = Math.min(text.length, start + MOST_SHOWN)
  const [before, after] = [start > 0 ? '…' : '', end < text.length ? '…' : '']
  const shown = text.slice(start, end).replaceAll(/[\s\p{Cc}]/gu, ' ')
  const width = Math.max(1, Math.min(to, end) - from)
  return [
    `    ${before}${shown}${after}`,
    `    ${' '.repeat(before.length + Math.max(0, from - start))}${'^'.repeat(width)}`,
  ]
}

/** What a JSON pointer names; `undefined`: nothing. */
function valueAt(document: unknown, pointer: string): unknown {
  let value = document
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = new Map(Object.entries(value)).get(name)
  }
  return value
}
