import { micros } from '../../core/time.ts'
import { readParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { CURSOR, DAY, cut, rangeOf, sendDocument, sendPage } from '../history.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse, signalPath, signalsQuery } from '../parameters.ts'
import { HttpFailure } from '../problem.ts'
import { selectSignalStats } from '../queries/signal-stats.ts'
import { selectSignal, selectSignalRecords, selectSignals } from '../queries/signals.ts'

const path = '/api/v1/signals'
const SPAN = 31 * DAY
const CURSOR_PARTS = [CURSOR.time, /^[ -~]{1,64}$/]
/** Ten minutes of the busiest one are some thousands. */
const MOST_RECORDS = 5000

/** Signals by the time they opened, the newest first, in pages; at most 31 days at once. */
export const signals: Route = {
  path,
  get: (deps) => async (request, response) => {
    const { limit, cursor, from, to, kind, symbol, base, exchange, state, minEdgeBps } = parse(
      signalsQuery,
      request.query,
    )
    const filter = { kind, symbol, base, exchange, state }
    const now = await deps.signals.now()
    // The one that opened in this very moment too.
    const end = micros(now + 1)
    const range = rangeOf({ from: from ?? micros(Math.max(0, (to ?? end) - SPAN)), to }, end, SPAN)
    const after = cursor === undefined ? undefined : readParts(cursor, CURSOR_PARTS)
    const found = await selectSignals(deps.database, now, { ...filter, ...range, minEdgeBps, after, limit: limit + 1 })
    const filters = { ...filter, minEdgeBps: minEdgeBps === undefined ? undefined : String(minEdgeBps) }
    // Never closed: what a signal was is told by its row, and rows come late after an outage.
    const page = { path, name: 'signals', filters, range, limit, closed: false }
    sendPage(deps, response, { ...page, ...cut(found, limit, ({ openedAt, id }) => [openedAt, id]) })
  },
}

/** What opened within 24 hours, by kind, asset and pair of exchanges; made anew each half minute. */
export const signalStats: Route = {
  path: `${path}/stats`,
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const rows = await selectSignalStats(deps.database)
    const stats = rows.map((row) => {
      const { asOf: _, ...rest } = row
      return rest
    })
    response.json({ meta: metaOf(deps), asOf: rows[0]?.asOf, stats })
  },
}

/** One signal with its evidence: both quotes with their places on the log, and every record of its life. */
export const signal: Route = {
  path: `${path}/:id`,
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(signalPath, request.params)
    const found = await selectSignal(deps.database, await deps.signals.now(), id)
    if (found === undefined) throw new HttpFailure('UNKNOWN_SIGNAL', `no signal ${id}`)
    const records = await selectSignalRecords(deps.database, id, MOST_RECORDS + 1)
    const isWhole = records.length <= MOST_RECORDS
    const content = { signal: found, records: records.slice(0, MOST_RECORDS), isWhole }
    sendDocument(deps, response, content, found.phase === 'CLOSE')
  },
}
