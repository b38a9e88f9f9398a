import { INTERVAL_MICROS, type Candle } from './candle.ts'
import type { Evidence, Match, Told } from './match.ts'
import type { Leg, Opportunity } from './opportunity.ts'
import type { Derived, Origin } from './processor.ts'
import { isCanonical } from './symbol.ts'
import { MICROS_PER_SECOND } from './time.ts'

const EARLIEST = Date.UTC(2009, 0, 3) * 1000
const LATEST = Date.UTC(2100, 0, 1) * 1000
/** Sums of doubles: a mean may leave the range of its values by this share. */
const ROUNDING = 1e-9

/** Why a decoded candle cannot be believed, or `undefined` if it can: Avro is no checksum (core/tick-check.ts). */
export function candleFault(candle: Derived<Candle>): string | undefined {
  const { exchange, symbol, interval, openTime, open, high, low, close, volume, quoteVolume, vwap, trades } = candle
  if (exchange === '') return 'exchange: empty'
  if (!isCanonical(symbol)) return `symbol: not canonical "${symbol}"`
  if (!inRange(openTime) || openTime % INTERVAL_MICROS[interval] !== 0)
    return `openTime: no start of ${interval}: ${openTime}`
  const prices = { open, high, low, close, volume, quoteVolume, vwap }
  for (const [name, value] of Object.entries(prices))
    if (!(Number.isFinite(value) && value > 0)) return `${name}: not a positive number ${value}`
  if (Math.max(open, close) > high || Math.min(open, close) < low)
    return `open ${open}, close ${close} outside of ${low} to ${high}`
  if (vwap > high * (1 + ROUNDING) || vwap < low * (1 - ROUNDING)) return `vwap ${vwap} outside of ${low} to ${high}`
  if (!isCount(trades) || trades === 0) return `trades: none ${trades}`
  return originFault(candle.origin)
}

/** Why a decoded record of an opportunity cannot be believed, or `undefined` if it can. */
export function opportunityFault(record: Derived<Opportunity>): string | undefined {
  const { opportunityId, phase, at, base, legs, life, ttlMs, costsEpoch, executableAfter } = record
  if (opportunityId === '') return 'opportunityId: empty'
  if (base === '') return 'base: empty'
  if (!inRange(at)) return `at: out of range ${at}`
  if (legs.length === 0) return 'legs: none'
  if (!isCount(costsEpoch)) return `costsEpoch: not a count ${costsEpoch}`
  if (!(isCount(ttlMs) && ttlMs > 0)) return `ttlMs: not a time ${ttlMs}`
  if (phase !== 'OPEN' && life === undefined) return `life: none at ${phase}`
  const { grossBps, edgeBps, size, notional, profit } = record
  const figures = { grossBps, edgeBps, size, notional, profit }
  return (
    numberFault(figures) ??
    (life === undefined ? undefined : lifeFault(life, at)) ??
    firstFault(legs, legFault) ??
    firstFault(executableAfter, ({ delayMs, edgeBps: after = 0 }) => numberFault({ delayMs, after })) ??
    originFault(record.origin)
  )
}

/** Why a decoded match cannot be believed, or `undefined` if it can. */
export function matchFault(match: Derived<Match>): string | undefined {
  const { ruleId, ruleVersion, type, at, fields, inputs, evidence, suppressed } = match
  if (ruleId === '') return 'ruleId: empty'
  if (!isCount(ruleVersion) || ruleVersion === 0) return `ruleVersion: none ${ruleVersion}`
  if (type === '') return 'type: empty'
  if (!inRange(at)) return `at: out of range ${at}`
  if (!isCount(suppressed)) return `suppressed: not a count ${suppressed}`
  return toldFault(fields) ?? toldFault(inputs) ?? firstFault(evidence, evidenceFault) ?? originFault(match.origin)
}

const toldFault = (told: Readonly<Record<string, Told>>): string | undefined =>
  firstFault(Object.entries(told), ([name, value]) =>
    typeof value !== 'number' || Number.isFinite(value) ? undefined : `${name}: not a number`,
  )

const evidenceFault = ({ stream, offset, at }: Evidence): string | undefined =>
  stream === '' || !isCount(offset) || !inRange(at) ? `evidence: no place ${stream} ${offset} ${at}` : undefined

function lifeFault(
  { openedAt, updates, ...figures }: NonNullable<Opportunity['life']>,
  at: number,
): string | undefined {
  if (!inRange(openedAt) || openedAt > at) return `openedAt: out of range ${openedAt}`
  return isCount(updates) ? numberFault(figures) : `updates: not a count ${updates}`
}

function legFault({ exchange, symbol, price, size, rate, feeBps }: Leg): string | undefined {
  if (exchange === '') return 'leg: no exchange'
  if (!isCanonical(symbol)) return `leg: symbol not canonical "${symbol}"`
  return numberFault({ price, size, rate, feeBps })
}

const originFault = ({ processor, partition, offset, ordinal }: Origin): string | undefined =>
  processor === ''
    ? 'origin: no processor'
    : [partition, offset, ordinal].every(isCount)
      ? undefined
      : 'origin: no place'

const numberFault = (figures: Readonly<Record<string, number>>): string | undefined =>
  firstFault(Object.entries(figures), ([name, value]) => (Number.isFinite(value) ? undefined : `${name}: not a number`))

function firstFault<One>(all: readonly One[], faultOf: (one: One) => string | undefined): string | undefined {
  for (const one of all) {
    const fault = faultOf(one)
    if (fault !== undefined) return fault
  }
  return undefined
}

const inRange = (time: number): boolean => time >= EARLIEST && time < LATEST - MICROS_PER_SECOND
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
