/** A queue that takes many items at once without moving the rest each time. */
export type Fifo<T> = {
  readonly length: number
  push(item: T): void
  /** The next item `index` places behind the head. */
  at(index: number): T | undefined
  /** Removes and answers the first `count`. */
  take(count: number): T[]
}

/** Below this the gap at the front costs less than closing it. */
const WORTH_CLOSING = 4096

export function createFifo<T>(): Fifo<T> {
  let items: T[] = []
  let head = 0
  return {
    get length() {
      return items.length - head
    },
    push(item) {
      items.push(item)
    },
    at: (index) => items[head + index],
    take(count) {
      const taken = items.slice(head, head + count)
      head += taken.length
      if (head === items.length) {
        items = []
        head = 0
      } else if (head > WORTH_CLOSING && head > items.length / 2) {
        items = items.slice(head)
        head = 0
      }
      return taken
    },
  }
}
