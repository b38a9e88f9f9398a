import type { Micros } from '../../../core/time.ts'
import type { SimulatedTrade } from '../book.ts'
import type { SimulatedExchange } from '../exchanges.ts'

/** A request as it came, without the exchange's name before its path. */
export type PastRequest = {
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What one exchange's REST answers about past trades; pure, with exactly the fields of its documentation. */
export type PastTrades = {
  readonly exchange: SimulatedExchange
  /** What a request costs of the exchange's limit. */
  readonly weight: number
  /** The native symbol asked for; `undefined`: that address is another's. */
  symbolOf(request: PastRequest): string | undefined
  /** `past`: all that it keeps, oldest first. `served` is what the body tells. */
  answer(
    symbol: string,
    past: readonly SimulatedTrade[],
    request: PastRequest,
  ): { readonly body: string; readonly served: readonly SimulatedTrade[] }
  /** The body that goes with a refusal. */
  refusal(status: number): string
}

/** A whole number of the query, `undefined` if it has none. */
export function numberOf({ query }: PastRequest, name: string): number | undefined {
  const text = query.get(name)
  return text === null || !/^\d+$/.test(text) ? undefined : Number(text)
}

/** How many trades an answer may have: what is asked for, within what the exchange allows. */
export const limitOf = (request: PastRequest, name: string, usual: number, most: number): number =>
  Math.max(1, Math.min(most, numberOf(request, name) ?? usual))

export const millis = (time: Micros): number => Math.floor(time / 1000)
