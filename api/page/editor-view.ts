import { find, write } from './dom.ts'
import { createEditor } from './editor.ts'
import { numberOf, recordOf, textOf } from './fields.ts'
import { addressOf, type Place } from './place.ts'
import { NotThere, type Rest } from './rest.ts'
import { readOneRule } from './rules.ts'
import { symbolIn } from './trial.ts'
import { createTrialView } from './trial-view.ts'
import { TEMPLATE, withVersion } from './verdict.ts'
import type { Writer } from './writing.ts'

export type EditorView = { open(id: string | undefined): void; close(): void }

/** What was written and not saved, by the rule's id, with the hash of what it was written over. */
type Draft = { readonly text: string; readonly hash: string | undefined; readonly version: number }

/** A rule's document to be written anew or over: judged while it is typed, tried on the last hour, saved. */
export function createEditorView(deps: {
  readonly rest: Rest
  readonly writer: Writer
  readonly now: () => number
  readonly symbols: () => readonly string[]
  readonly go: (place: Place) => void
}): EditorView {
  const { rest, writer, now, symbols, go } = deps
  const problem = find('editor-problem', HTMLElement)
  const part = find('editor-part', HTMLElement)
  const note = find('editor-note', HTMLElement)
  const over = find('editor-over', HTMLButtonElement)
  const symbol = find('trial-symbol', HTMLInputElement)
  const activate = find('editor-activate', HTMLInputElement)
  const drafts = new Map<string, Draft>()
  let id: string | undefined
  let isOpen = false
  /** Of what is edited; `undefined`: it is new. */
  let hash: string | undefined
  let version = 0
  let isSaving = false
  let leaving = new AbortController()
  const keep = (): void => void drafts.set(id ?? '', { text: editor.text(), hash, version })
  const editor = createEditor(writer, keep)
  const trial = createTrialView(writer, now)

  async function load(wanted: string): Promise<void> {
    leaving.abort()
    leaving = new AbortController()
    const { signal } = leaving
    write(note, 'Loading …')
    try {
      const rule = readOneRule(await rest.ask(`/api/v1/rules/${wanted}`, signal))
      if (signal.aborted) return
      hash = rule.hash
      version = rule.version
      begin(withVersion(rule.document, version + 1))
      write(note, `Version ${version} is the newest; a version never changes, so this becomes ${version + 1}.`)
    } catch (error) {
      if (signal.aborted) return
      write(note, '')
      write(
        problem,
        error instanceof NotThere ? `There is no rule ${wanted}, or not any more.` : 'The rule could not be loaded.',
      )
    }
  }

  function begin(text: string): void {
    part.hidden = false
    editor.set(text)
    symbol.value = symbolIn(text) ?? symbols()[0] ?? ''
    find('trial-symbols', HTMLDataListElement).replaceChildren(...symbols().map((one) => new Option(one, one)))
  }

  async function save(): Promise<void> {
    const document = editor.document()
    if (document === undefined || isSaving) return
    isSaving = true
    over.hidden = true
    write(problem, '')
    const query = `?activate=${activate.checked}`
    const outcome = await writer.send(
      hash === undefined
        ? { method: 'POST', path: `/api/v1/rules${query}`, body: document }
        : { method: 'PUT', path: `/api/v1/rules/${id ?? ''}${query}`, body: document, ifMatch: `"${hash}"` },
    )
    isSaving = false
    if (outcome.kind === 'given_up') return write(problem, 'Not saved: it takes a key. Your text is still here.')
    if (outcome.kind === 'refused') {
      const { status, sentence, diagnostics } = outcome
      if (diagnostics.length > 0) editor.told(diagnostics)
      over.hidden = status !== 412
      const isTaken = status === 409 && hash === undefined
      write(
        problem,
        `Not saved. ${isTaken ? `There is a rule ${textOf(recordOf(document)['id']) ?? ''} already: choose another id, or edit that one.` : sentence}`,
      )
      return
    }
    drafts.delete(id ?? '')
    const saved = readOneRule(outcome.document)
    go({ view: 'rule', id: saved.id, match: undefined })
  }

  /** Over what somebody else wrote meanwhile: with the version after theirs. */
  async function saveOver(): Promise<void> {
    const document = editor.document()
    if (document === undefined || id === undefined) return
    try {
      const theirs = readOneRule(await rest.ask(`/api/v1/rules/${id}`))
      hash = theirs.hash
      version = theirs.version
    } catch {
      return write(problem, 'Not saved. The newest version could not be read: try again.')
    }
    if ((numberOf(recordOf(document)['version']) ?? 0) <= version) editor.set(withVersion(document, version + 1))
    keep()
    await save()
  }

  find('editor-save', HTMLButtonElement).addEventListener('click', () => void save())
  over.addEventListener('click', () => void saveOver())
  find('editor-discard', HTMLButtonElement).addEventListener('click', () => {
    drafts.delete(id ?? '')
    start()
  })
  find('trial-run', HTMLButtonElement).addEventListener('click', () => {
    const document = editor.document()
    if (document !== undefined) void trial.run(document, symbol.value.trim().toUpperCase())
  })
  find('editor-text', HTMLTextAreaElement).addEventListener('keydown', (event) => {
    if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    void save()
  })
  // Whoever leaves the page by mistake is asked.
  addEventListener('beforeunload', (event) => {
    if (drafts.size > 0) event.preventDefault()
  })

  function start(): void {
    write(problem, '')
    over.hidden = true
    trial.clear()
    hash = undefined
    version = 0
    const draft = drafts.get(id ?? '')
    if (draft !== undefined) {
      ;({ hash, version } = draft)
      begin(draft.text)
      write(note, 'This is what you had written and not saved. “Start over” drops it.')
    } else if (id === undefined) {
      begin(JSON.stringify(TEMPLATE, undefined, 2))
      write(note, 'An example that works: give it an id of its own and change what it says.')
    } else {
      part.hidden = true
      void load(id)
    }
  }

  return {
    open(wanted) {
      if (isOpen && wanted === id) return
      isOpen = true
      id = wanted
      write(find('editor-title', HTMLElement), id === undefined ? 'New rule' : `Edit ${id}`)
      const back = find('editor-back', HTMLAnchorElement)
      back.href = addressOf(id === undefined ? { view: 'rules' } : { view: 'rule', id, match: undefined })
      write(back, id === undefined ? '← Rules' : `← ${id}`)
      start()
    },
    close() {
      isOpen = false
      leaving.abort()
      editor.stop()
      trial.clear()
    },
  }
}
