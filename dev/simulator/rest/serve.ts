import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Book, SimulatedTrade } from '../book.ts'
import type { Dialect } from '../dialect.ts'
import { retryAfterSeconds, type Ledger } from '../limits.ts'
import type { PastRequest } from './past.ts'
import { PAST } from './table.ts'

/** What an exchange's REST is served from. */
export type RestSite = { readonly dialect: Dialect; readonly byName: ReadonlyMap<string, Book> }

export type RestDeps = {
  readonly ledger: Ledger
  readonly note: (kind: string, details: Readonly<Record<string, unknown>>) => void
  /** How many trades of a symbol an exchange still knows; absent: all that the book keeps. */
  readonly keeps?: number | undefined
}

/** Answers a request for past trades, within the exchange's limits, and journals it; `false`: it is for something else. */
export function answerPast(
  { dialect: { exchange }, byName }: RestSite,
  { ledger, note, keeps = Infinity }: RestDeps,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const past = PAST[exchange]
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://simulator')
  const asked: PastRequest = {
    path: pathname.slice(exchange.length + 1),
    query: searchParams,
    headers: request.headers,
  }
  const symbol = past.symbolOf(asked)
  if (symbol === undefined) return false
  const said = { exchange, symbol, query: searchParams.toString() }
  const json = { 'content-type': 'application/json' }
  const verdict = ledger.request(exchange, request.socket.remoteAddress ?? '', past.weight, Date.now())
  if (verdict.kind === 'refused') {
    const { status, retryAfterMs } = verdict
    note('rest-refused', { ...said, status, retryAfterMs })
    response
      .writeHead(status, { ...json, 'retry-after': String(retryAfterSeconds(retryAfterMs)) })
      .end(past.refusal(status))
    return true
  }
  const book = byName.get(symbol)
  if (book === undefined) {
    note('rest-unknown', said)
    response.writeHead(400, json).end('{"error":"unknown symbol"}')
    return true
  }
  const { body, served } = past.answer(symbol, newest(book.past, keeps), asked)
  note('rest', { ...said, symbol: book.instrument.symbol, trades: served.length, ...span(served) })
  response.writeHead(200, json).end(body)
  return true
}

const newest = (past: readonly SimulatedTrade[], keeps: number): readonly SimulatedTrade[] =>
  keeps >= past.length ? past : past.slice(past.length - keeps)

const span = (served: readonly SimulatedTrade[]): Readonly<Record<string, string>> => {
  const ids = served.map(({ id }) => id)
  return served.length === 0 ? {} : { first: String(Math.min(...ids)), last: String(Math.max(...ids)) }
}
