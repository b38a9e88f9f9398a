import type { Placed } from './diagnostics.ts'
import { element } from './dom.ts'

/** Diagnostics, each with its code, its place and the faulty characters; a click goes there. */
export function showDiagnostics(list: HTMLElement, placed: readonly Placed[], onGo: (one: Placed) => void): void {
  list.hidden = placed.length === 0
  list.replaceChildren(
    ...placed.map((one) => {
      const item = element('li')
      item.dataset['code'] = one.code
      item.dataset['grave'] = String(one.isError)
      const button = element('button', '', 'diagnostic')
      button.type = 'button'
      button.addEventListener('click', () => onGo(one))
      button.append(
        element('span', one.code, 'badge'),
        element('span', one.message, 'message'),
        element('span', one.where, 'where'),
      )
      if (one.parts !== undefined) {
        const [before, fault, after] = one.parts
        const code = element('code')
        code.append(before, element('mark', fault), after)
        button.append(code)
      }
      item.append(button)
      return item
    }),
  )
}

/** Marks behind a text that is edited: the same text, unseen but for its underlines. */
export function showMarks(behind: HTMLElement, text: string, placed: readonly Placed[]): void {
  const parts: Node[] = []
  let at = 0
  for (const { range, isError } of placed.toSorted((a, b) => a.range.from - b.range.from)) {
    // Of places within one another the first is enough; a whole list is no place to underline.
    if (range.from < at || text.slice(range.from, range.to).includes('\n')) continue
    parts.push(document.createTextNode(text.slice(at, range.from)))
    parts.push(element('mark', text.slice(range.from, range.to), isError ? 'grave' : ''))
    at = range.to
  }
  // The last line has its height only if something follows.
  parts.push(document.createTextNode(`${text.slice(at)}\n `))
  behind.replaceChildren(...parts)
}
