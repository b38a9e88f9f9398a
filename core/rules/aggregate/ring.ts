import type { Item } from './item.ts'

/** Items oldest first, from `head` on. Columns that are not asked for stay empty. Plain data, changed in place. */
export type Ring = {
  at: number[]
  open: number[]
  a: number[]
  b: number[]
  text: (string | undefined)[]
  head: number
}

/** Which columns are kept beside the time. */
export type Columns = { readonly open: boolean; readonly a: boolean; readonly b: boolean; readonly text: boolean }

/** What has left is cut off once it is the greater part, and this much. */
const CUT_ABOVE = 64

export const emptyRing = (): Ring => ({ at: [], open: [], a: [], b: [], text: [], head: 0 })
export const ringSize = ({ at, head }: Ring): number => at.length - head

export function push(ring: Ring, { open, a, b, text }: Columns, item: Item): void {
  ring.at.push(item.at)
  if (open) ring.open.push(item.open)
  if (a) ring.a.push(item.a)
  if (b) ring.b.push(item.b)
  if (text) ring.text.push(item.text)
}

export function pop(ring: Ring, { open, a, b, text }: Columns): void {
  ring.at.pop()
  if (open) ring.open.pop()
  if (a) ring.a.pop()
  if (b) ring.b.pop()
  if (text) ring.text.pop()
}

export function fill(item: Item, { at, open, a, b, text }: Ring, index: number): Item {
  item.at = at[index] ?? 0
  item.open = open[index] ?? 0
  item.a = a[index] ?? 0
  item.b = b[index] ?? 0
  item.text = text[index]
  return item
}

/** Lets go of what is before `since`; each is shown before it goes. */
export function dropBefore(ring: Ring, since: number, leaves?: (ring: Ring, index: number) => void): void {
  const { at } = ring
  let { head } = ring
  while (head < at.length && (at[head] ?? 0) < since) {
    leaves?.(ring, head)
    head++
  }
  ring.head = head
  if (head < CUT_ABOVE || head * 2 < at.length) return
  ring.at = at.slice(head)
  ring.open = ring.open.slice(head)
  ring.a = ring.a.slice(head)
  ring.b = ring.b.slice(head)
  ring.text = ring.text.slice(head)
  ring.head = 0
}
