import { notJson, placeAll, readDiagnostics, type Diagnostic, type Placed } from './diagnostics.ts'
import { find, write } from './dom.ts'
import { lineOf } from './json-places.ts'
import { readVerdict } from './verdict.ts'
import { showDiagnostics, showMarks } from './verdict-list.ts'
import type { Writer } from './writing.ts'

const TYPING_MS = 400
const TIMEOUT_MS = 30_000

export type Editor = {
  text(): string
  set(text: string): void
  /** The document that is written, if it is JSON; else the caret goes where it is not. */
  document(): unknown
  /** What the server said of it just now. */
  told(diagnostics: readonly Diagnostic[]): void
  stop(): void
}

/** The text of a rule, judged by the server as it is typed: what is wrong is underlined and listed, a click leads there. */
export function createEditor(writer: Writer, onInput: () => void): Editor {
  const field = find('editor-text', HTMLTextAreaElement)
  const behind = find('editor-marks', HTMLElement)
  const list = find('diagnostics', HTMLElement)
  const verdict = find('verdict', HTMLElement)
  const bound = find('bound', HTMLElement)
  let typing = 0
  let leaving = new AbortController()

  function go({ range }: Pick<Placed, 'range'>): void {
    field.focus()
    field.setSelectionRange(range.from, range.to)
    const { line } = lineOf(field.value, range.from)
    const lines = field.value.split('\n').length
    field.scrollTop = (field.scrollHeight * (line - 1)) / lines - field.clientHeight / 3
  }

  function show(placed: readonly Placed[]): void {
    showDiagnostics(list, placed, go)
    showMarks(behind, field.value, placed)
    follow()
  }
  function follow(): void {
    behind.scrollTop = field.scrollTop
    behind.scrollLeft = field.scrollLeft
  }

  /** What needs no server: whether it is JSON. */
  function isJson(): boolean {
    const wrong = notJson(field.value)
    if (wrong === undefined) return true
    show([wrong])
    say('wrong', 'Not JSON yet.')
    write(bound, '')
    return false
  }

  function say(kind: string, words: string): void {
    verdict.dataset['verdict'] = kind
    write(verdict, words)
  }

  function told(diagnostics: readonly Diagnostic[]): void {
    const placed = placeAll(field.value, diagnostics)
    show(placed)
    const errors = placed.filter(({ isError }) => isError).length
    const warnings = placed.length - errors
    const number = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`
    const said = [
      ...(errors > 0 ? [number(errors, 'error')] : []),
      ...(warnings > 0 ? [number(warnings, 'warning')] : []),
    ]
    say(errors > 0 ? 'wrong' : 'right', errors > 0 ? said.join(', ') : ['Valid', ...said].join(', '))
  }

  async function judge(): Promise<void> {
    leaving.abort()
    leaving = new AbortController()
    const { signal } = leaving
    if (!isJson()) return
    const body: unknown = JSON.parse(field.value)
    const request = { method: 'POST', path: '/api/v1/rules/validate', body, timeoutMs: TIMEOUT_MS, signal } as const
    const outcome = await writer.ask(request)
    if (signal.aborted) return
    if (outcome.kind !== 'done') {
      say('unknown', outcome.kind === 'refused' ? `Not judged: ${outcome.sentence}` : '')
      return
    }
    told(readDiagnostics(outcome.document))
    const { boundText, runsTests } = readVerdict(outcome.document)
    const tests = runsTests ? '' : ' Its tests are run when it is saved, or here with a key that may write.'
    write(bound, boundText === '' ? '' : `${boundText}.${tests}`)
  }

  function changed(): void {
    clearTimeout(typing)
    // What is underlined has moved on.
    showMarks(behind, field.value, [])
    follow()
    say('unknown', 'Checking …')
    typing = setTimeout(() => void judge(), TYPING_MS)
  }
  field.addEventListener('input', () => {
    changed()
    onInput()
  })
  field.addEventListener('scroll', follow)
  return {
    text: () => field.value,
    set(text) {
      field.value = text
      field.scrollTop = 0
      field.setSelectionRange(0, 0)
      changed()
    },
    document() {
      const wrong = notJson(field.value)
      if (wrong === undefined) {
        const value: unknown = JSON.parse(field.value)
        return value
      }
      isJson()
      go(wrong)
      return undefined
    },
    told(diagnostics) {
      clearTimeout(typing)
      leaving.abort()
      told(diagnostics)
    },
    stop() {
      clearTimeout(typing)
      leaving.abort()
    },
  }
}
