import { element, find } from './dom.ts'
import { readCursor } from './documents.ts'
import { dateText } from './format.ts'
import { changeRule } from './rule-actions.ts'
import { readVersions, type Rule, type RuleVersion } from './rules.ts'
import type { Rest } from './rest.ts'
import type { Writer } from './writing.ts'

export type RuleVersions = { show(rule: Rule, signal: AbortSignal): Promise<void>; clear(): void }

/** Versions of a rule: which speaks, what each says, and buttons that make another one speak. */
export function createRuleVersions(
  rest: Rest,
  writer: Writer,
  problem: HTMLElement,
  onChange: (rule: Rule) => void,
): RuleVersions {
  const body = find('versions', HTMLTableSectionElement)
  const document = find('document', HTMLElement)
  const title = find('document-title', HTMLElement)
  let shown: number | undefined
  let stamp = ''

  function showDocument({ version, document: written }: RuleVersion): void {
    shown = version
    title.textContent = `Document, version ${version}`
    document.textContent = JSON.stringify(written, undefined, 2)
  }

  function rowOf(rule: Rule, one: RuleVersion): HTMLElement {
    const { activeVersion, shadowVersion } = rule.activation
    const row = element('tr')
    row.dataset['version'] = String(one.version)
    const head = element('th', String(one.version), 'text')
    head.scope = 'row'
    if (one.version === activeVersion) head.append(' ', element('span', 'ACTIVE', 'badge'))
    if (one.version === shadowVersion) head.append(' ', element('span', 'SHADOW', 'badge'))
    const actions = element('td', '', 'actions')
    const button = (text: string, act: () => void): void => {
      const made = element('button', text)
      made.type = 'button'
      made.setAttribute('aria-label', `${text}: version ${one.version}`)
      made.addEventListener('click', act)
      actions.append(made)
    }
    const change = async (verb: string, given: object): Promise<void> => {
      const changed = await changeRule(writer, problem, rule, verb, given)
      if (changed !== undefined) onChange(changed)
    }
    button('Show', () => {
      showDocument(one)
      document.scrollIntoView({ block: 'nearest' })
    })
    if (one.version !== activeVersion) button('Activate', () => void change('activate', { version: one.version }))
    if (one.version === shadowVersion) button('End shadow', () => void change('deactivate', { shadow: true }))
    else if (one.version !== activeVersion)
      button('Try in shadow', () => void change('activate', { version: one.version, shadow: true }))
    row.append(
      head,
      element('td', dateText(one.createdAtMs), 'text when'),
      element('td', one.author, 'text author'),
      actions,
    )
    return row
  }

  return {
    async show(rule, signal) {
      const { activeVersion, shadowVersion } = rule.activation
      const next = [rule.id, rule.version, activeVersion, shadowVersion].join()
      if (next === stamp) return
      const answer = await rest.ask(`/api/v1/rules/${rule.id}/versions?limit=100`, signal)
      if (signal.aborted) return
      stamp = next
      const versions = readVersions(answer)
      body.replaceChildren(...versions.map((one) => rowOf(rule, one)))
      if (readCursor(answer) !== undefined) {
        const row = element('tr')
        const cell = element('td', 'Older ones: by REST.', 'text')
        cell.colSpan = 4
        row.append(cell)
        body.append(row)
      }
      if (shown === undefined) showDocument(rule)
    },
    clear() {
      stamp = ''
      shown = undefined
      body.replaceChildren()
      document.textContent = ''
    },
  }
}
