import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode, type Adapter } from '../../producers/adapter.ts'
import { binance } from '../../producers/binance.ts'
import { frameTicks } from '../../producers/frame-ticks.ts'
import { fields } from '../../producers/read.ts'
import { MOMENT } from '../support/ticks.ts'
import { broken, decodesOnlyThePossible, emitsOnlyTheBelievable } from './fuzz.ts'
import { aggTrade } from './harness.ts'
import { mutant } from './mutants.ts'

const FRAMES = [aggTrade(1), aggTrade(2)].map((frame) => JSON.stringify(frame))

/** Reads as many do: `Number` of whatever is there. */
const careless: Adapter = {
  ...binance,
  decode(parsed) {
    const { T, a, p, q } = fields(fields(parsed, 'frame')['data'], 'data')
    const frame = frameTicks()
    frame.ticks.push({
      nativeSymbol: 'BTCUSDT',
      eventTime: Number.isSafeInteger(T) && Number(T) >= 0 ? micros(Number(T)) : MOMENT,
      timeSource: 'EXCHANGE',
      sequence: Number(a),
      history: false,
      payload: { kind: 'trade', id: String(a), side: 'BUY', price: Number(p), size: Number(q) },
    })
    return frame
  },
}

describe('the fuzz laws', () => {
  test('find out an adapter that reads numbers carelessly', () => {
    expect(broken(decodesOnlyThePossible(careless, FRAMES))).toEqual(expect.stringContaining('Property failed'))
    expect(broken(emitsOnlyTheBelievable(careless, FRAMES))).toEqual(expect.stringContaining('Property failed'))
  })

  test('find out an id that the writer cannot encode', () => {
    const untidy: Adapter = {
      ...binance,
      decode(parsed, receiveTime) {
        const one = binance.decode(parsed, receiveTime)
        return one.kind === 'ticks'
          ? { ...one, ticks: one.ticks.map((entry) => ({ ...entry, sequence: Number.MAX_SAFE_INTEGER })) }
          : one
      },
    }
    expect(broken(emitsOnlyTheBelievable(untidy, FRAMES))).toEqual(expect.stringContaining('invalid "long"'))
  })

  test('damage frames lightly enough that many still say something', () => {
    const results = fc
      .sample(mutant(FRAMES), { numRuns: 1000, seed: 1 })
      .map((frame) => decode(binance, frame, MOMENT).kind)
    expect(results.filter((kind) => kind === 'ticks').length).toBeGreaterThan(150)
    expect(results.filter((kind) => kind === 'fault').length).toBeGreaterThan(150)
  })
})

describe('an id', () => {
  test('of 2^53 - 1 is a fault: it fits a double, but not what the log is written with', () => {
    const frame = (a: number): string => JSON.stringify(aggTrade(a))
    expect(decode(binance, frame(Number.MAX_SAFE_INTEGER), MOMENT)).toEqual({ kind: 'fault', reason: 'a: no count' })
    expect(decode(binance, frame(Number.MAX_SAFE_INTEGER - 1), MOMENT).kind).toBe('ticks')
  })
})
