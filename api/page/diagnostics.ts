import { listOf, numberOf, recordOf, textOf } from './fields.ts'
import { lineOf, placeInText, scanJson, type Range, type Scan } from './json-places.ts'

/** What is wrong with a document or doubtful, as the server says it. */
export type Diagnostic = {
  readonly code: string
  readonly pointer: string
  readonly from: number | undefined
  readonly to: number | undefined
  readonly message: string
}

/** The same, with its place in the text that is edited. */
export type Placed = {
  readonly code: string
  readonly isError: boolean
  readonly message: string
  /** In words: the pointer, or a line. */
  readonly where: string
  readonly range: Range
  /** Of an expression: what stands before the faulty characters, they themselves, what follows. */
  readonly parts: readonly [before: string, fault: string, after: string] | undefined
}

/** Longer expressions are shown around the fault. */
const AROUND = 48

export const readDiagnostics = (value: unknown): readonly Diagnostic[] =>
  listOf(recordOf(value)['diagnostics']).map((one) => {
    const fields = recordOf(one)
    return {
      code: textOf(fields['code']) ?? '',
      pointer: textOf(fields['pointer']) ?? '',
      from: numberOf(fields['from']),
      to: numberOf(fields['to']),
      message: textOf(fields['message']) ?? '',
    }
  })

/** What each is about, in the text; errors first, then by place. */
export function placeAll(text: string, diagnostics: readonly Diagnostic[]): readonly Placed[] {
  const scan = scanJson(text)
  return diagnostics
    .map((one) => place(text, scan, one))
    .toSorted((a, b) => Number(b.isError) - Number(a.isError) || a.range.from - b.range.from)
}

/** Why a text is no JSON; `undefined`: it is. */
export function notJson(text: string): Placed | undefined {
  const { problem } = scanJson(text)
  if (problem === undefined) return undefined
  const { line, column } = lineOf(text, problem.at)
  return {
    code: 'JSON',
    isError: true,
    message: problem.message,
    where: `line ${line}, column ${column}`,
    range: { from: problem.at, to: Math.min(text.length, problem.at + 1) },
    parts: undefined,
  }
}

function place(text: string, scan: Scan, { code, pointer, from, to, message }: Diagnostic): Placed {
  const value = nearest(scan, pointer)
  const said = { code, isError: code.startsWith('E'), message, where: pointer === '' ? 'the document' : pointer }
  const expression = scan.places.has(pointer) ? stringAt(text, value) : undefined
  if (from === undefined || expression === undefined) return { ...said, range: value, parts: undefined }
  const [start, end] = boundsOf(expression.length, from, to)
  const range = { from: placeInText(text, value.from, start), to: placeInText(text, value.from, end) }
  return { ...said, range, parts: partsOf(expression, start, end) }
}

/** Something that is missing is shown at what it is missing from. */
function nearest({ places }: Scan, pointer: string): Range {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const found = places.get(at)
    if (found !== undefined) return found
  }
  // Of the whole its beginning is enough: nobody wants all of it marked.
  const { from } = places.get('') ?? { from: 0 }
  return { from, to: from + 1 }
}

function stringAt(text: string, { from, to }: Range): string | undefined {
  if (text[from] !== '"') return undefined
  const value: unknown = JSON.parse(text.slice(from, to))
  return typeof value === 'string' ? value : undefined
}

/** Within the text, and at least one character wide where there is one. */
function boundsOf(length: number, from: number, to = from + 1): readonly [number, number] {
  const start = Math.min(Math.max(from, 0), length)
  return [start, Math.min(Math.max(to, start), length)]
}

function partsOf(expression: string, from: number, to: number): Placed['parts'] {
  const before = expression.slice(0, from)
  const after = expression.slice(to)
  return [
    before.length > AROUND ? `…${before.slice(-AROUND)}` : before,
    // What is missing at the end is seen, too.
    expression.slice(from, to) || '\u2009\u2009',
    after.length > AROUND ? `${after.slice(0, AROUND)}…` : after,
  ]
}
