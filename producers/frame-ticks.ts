import type { QuoteSource, Side } from '../core/tick.ts'
import type { Decoded, Entry, Withdrawal } from './adapter.ts'
import { inexact, price, size, tradedPrice, tradedSize, Unreadable } from './read.ts'

/** A frame's entries while an adapter gathers them; it is the answer of its `decode`. */
export type FrameTicks = {
  readonly kind: 'ticks'
  readonly frameSequence: number | undefined
  readonly ticks: Entry[]
  readonly withdrawals: Withdrawal[]
  readonly faults: string[]
  unreadable: string[] | undefined
  inexact: number
  unsized: number
}

export const frameTicks = (frameSequence?: number): FrameTicks & Extract<Decoded, { kind: 'ticks' }> => ({
  kind: 'ticks',
  frameSequence,
  ticks: [],
  withdrawals: [],
  faults: [],
  unreadable: undefined,
  inexact: 0,
  unsized: 0,
})

/** What every entry has beside its payload. */
export type Head = Omit<Entry, 'payload' | 'history'>

/** `price` and `size` as decimal text. The trade's id is its sequence unless given. */
export function addTrade(
  frame: FrameTicks,
  head: Head,
  trade: { readonly id?: string; readonly side: Side | undefined; readonly price: unknown; readonly size: unknown },
  history = false,
): void {
  const traded = tradedPrice(trade.price, 'price')
  const amount = tradedSize(trade.size, 'size')
  frame.inexact += inexact(trade.size, amount)
  frame.ticks.push({
    nativeSymbol: head.nativeSymbol,
    eventTime: head.eventTime,
    timeSource: head.timeSource,
    sequence: head.sequence,
    history,
    payload: {
      kind: 'trade',
      id: trade.id ?? String(head.sequence),
      side: trade.side,
      price: traded,
      size: amount,
    },
  })
}

/** The sides of a quote as decimal text; a size that the channel does not give is `undefined`, an empty side zero. */
export type Sides = {
  readonly bid: unknown
  readonly bidSize: unknown
  readonly ask: unknown
  readonly askSize: unknown
  readonly source: QuoteSource
}

/** Adds a quote worth emitting, else a withdrawal of the last one; one that cannot be read is a fault that names its symbol. */
export function addQuote(frame: FrameTicks, head: Head, sides: Sides): void {
  try {
    readQuote(frame, head, sides)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    frame.faults.push(error.message)
    frame.unreadable = [...(frame.unreadable ?? []), head.nativeSymbol]
  }
}

function readQuote(frame: FrameTicks, head: Head, sides: Sides): void {
  const bid = price(sides.bid, 'bid')
  const ask = price(sides.ask, 'ask')
  const bidSize = sides.bidSize === undefined ? undefined : size(sides.bidSize, 'bidSize')
  const askSize = sides.askSize === undefined ? undefined : size(sides.askSize, 'askSize')
  if (bid === undefined || ask === undefined || bidSize === 0 || askSize === 0) {
    frame.withdrawals.push({ ...head, finding: 'one_sided' })
    return
  }
  if (bid >= ask) {
    frame.withdrawals.push({ ...head, finding: 'crossed' })
    return
  }
  if (bidSize !== undefined) frame.inexact += inexact(sides.bidSize, bidSize)
  if (askSize !== undefined) frame.inexact += inexact(sides.askSize, askSize)
  if (bidSize === undefined || askSize === undefined) frame.unsized++
  frame.ticks.push({
    nativeSymbol: head.nativeSymbol,
    eventTime: head.eventTime,
    timeSource: head.timeSource,
    sequence: head.sequence,
    history: false,
    payload: { kind: 'quote', bid, bidSize, ask, askSize, source: sides.source },
  })
}

/** Reads the entries of a list one by one: a bad one is a fault of its own, the others go on. */
export function eachEntry<Item>(frame: FrameTicks, items: readonly Item[], read: (item: Item) => void): void {
  for (const item of items) {
    try {
      read(item)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      frame.faults.push(error.message)
    }
  }
}
