import type { Incoming, Slot } from '../io/kafka/port.ts'

export type Placed = { readonly slot: Slot; readonly record: Incoming }

type Head = {
  readonly slot: Slot
  readonly batches: AsyncIterator<readonly Incoming[]>
  records: readonly Incoming[]
  at: number
  latest: number
}

/**
 * Records of several slots, by their stamps; each slot's stay in their order, so one that is stamped before its predecessor
 * takes place with it. Of equal stamps the slot that was named first goes first.
 */
export async function* byTime(
  slots: readonly { readonly slot: Slot; readonly batches: AsyncIterable<readonly Incoming[]> }[],
): AsyncGenerator<Placed> {
  let heads: Head[] = []
  for (const { slot, batches } of slots) {
    const head = { slot, batches: batches[Symbol.asyncIterator](), records: [], at: 0, latest: 0 }
    if (await fill(head)) heads.push(head)
  }
  for (;;) {
    let first: Head | undefined
    for (const head of heads) if (first === undefined || head.latest < first.latest) first = head
    const record = first?.records[first.at]
    if (first === undefined || record === undefined) return
    yield { slot: first.slot, record }
    first.at += 1
    const gone = first
    if (!(await fill(gone))) heads = heads.filter((head) => head !== gone)
  }
}

/** Whether there is a next record; `latest` is then the time it takes place at. */
function fill(head: Head): boolean | Promise<boolean> {
  const next = head.records[head.at]
  if (next === undefined) return refill(head)
  head.latest = Math.max(head.latest, next.timestampMs)
  return true
}

async function refill(head: Head): Promise<boolean> {
  const { done, value } = await head.batches.next()
  if (done === true) return false
  head.records = value
  head.at = 0
  return fill(head)
}
