import { expect, test } from 'vitest'
import { micros } from '../../../../core/time.ts'
import { takeQuote } from '../../../../core/quotes.ts'
import { edgeOf, inForce } from '../../../../processors/market/cross-exchange/judge.ts'
import { topOf } from '../../../../processors/market/cross-exchange/routes.ts'
import { admit, initialState, memberAt, putInForce } from '../../../../processors/market/cross-exchange/state.ts'
import { quote, tick } from '../../../support/ticks.ts'
import { at, FREE, free } from './rig.ts'

const EXCHANGES = ['binance', 'coinbase', 'kraken', 'okx']
const EVENTS = 2_000_000

/** The generator of arbitrage.md section 9, typed from the document: exchange, symbol, milliseconds, bid, ask. */
function* events(): Generator<readonly [string, string, number, number, number]> {
  let x = 12_345
  const next = (): number => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0
    return x >>> 1
  }
  const mid = Array.from({ length: 100 }, () => 1_000_000)
  for (let i = 0; i < EVENTS; i += 1) {
    const [r, q, w] = [next(), next(), next()]
    const symbol = (r >>> 7) % 100
    let step = ((q >>> 5) % 21) - 10
    if ((w >>> 4) % 2000 === 0) step += (w >>> 16) % 2 === 0 ? 600 : -600
    const price = (mid[symbol] ?? 0) + step
    mid[symbol] = price
    const off = ((q >>> 13) % 1601) - 800
    yield [EXCHANGES[(r >>> 17) % 4] ?? '', `S${symbol}-USDT`, Math.floor(i / 10), price + off - 100, price + off + 100]
  }
}

// Job J3: for each other exchange o, +1 if bid x 0.9995 > ask of o x 1.0005, and the other way round. Counted by Esper 9.0.0 too.
test('the routes that a quote touches gain after fees of 5 bps as often as the benchmark says: 376,207 times', () => {
  const exchanges = Object.fromEntries(EXCHANGES.map((name) => [name, free({ takerFeeBps: 5 })]))
  const state = initialState()
  putInForce(state, inForce(1, { ...FREE, exchanges }))
  let matches = 0
  let offset = 0
  for (const [exchange, symbol, millis, bid, ask] of events()) {
    const now = at(millis)
    const payload = quote({ bid, ask })
    const value = {
      ...tick(payload, { exchange, symbol, eventTime: now, receiveTime: now, session: micros(1) }),
      payload,
    }
    offset += 1
    const arrival = { kind: 'tick' as const, tick: value, partition: 0, offset, time: now, before: now, now }
    const standing = takeQuote(state.table, arrival, payload, false)
    const known = memberAt(state, exchange, symbol)
    if (known !== undefined) {
      known.quote = standing
      known.top = topOf(standing, false)
    }
    const member = known ?? admit(state, standing)
    for (const route of member?.routes ?? []) if (edgeOf(route) > 0) matches += 1
  }
  expect(matches).toBe(376_207)
}, 300_000)
