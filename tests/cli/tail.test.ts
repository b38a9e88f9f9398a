import { describe, expect, test } from 'vitest'
import { opening, parseTime } from '../../cli/tail.ts'
import { controlTick } from '../../consumers/control-ticks.ts'
import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import type { Decoder } from '../../io/registry.ts'
import { MOMENT, tick } from '../support/ticks.ts'

const decoderOf = (value: Tick): Decoder<Tick> => ({
  decode: () => ({ kind: 'value', value }),
  learn: () => Promise.resolve(true),
})

describe('tail --from', () => {
  test.each([
    ['30s', 970_000],
    ['10m', 400_000],
    ['1970-01-01T00:00:05Z', 5000],
  ])('%s is a time', (text, millis) => expect(parseTime(text, 1_000_000)).toBe(millis))

  test.each(['', 'start', '17', '10', 'm', '-5m', '5w', 'yesterday'])('%j is no time', (text) => {
    expect(parseTime(text, 1_000_000)).toBeUndefined()
  })
})

describe('tail of ticks', () => {
  test('shows what a control record says, not its bytes', () => {
    const version = { documentId: 'arbitrage', epoch: 3, hash: 'h', body: { openBps: 8 } }
    const control = controlTick({ session: micros(MOMENT - 1), feed: 'LIVE', nextOrdinal: 7 }, version, MOMENT)
    expect(opening(decoderOf(control)).decode(null)).toEqual({
      kind: 'value',
      value: {
        ...control,
        payload: { kind: 'control', documentId: 'arbitrage', epoch: 3, hash: 'h', document: { openBps: 8 } },
      },
    })
  })

  test('shows a control record that cannot be opened, and every other tick, as it is', () => {
    const body = Uint8Array.from([1, 2, 3])
    const broken = tick({ kind: 'control', documentId: 'x', epoch: 1, hash: 'h', body }, { exchange: '' })
    for (const one of [broken, tick()])
      expect(opening(decoderOf(one)).decode(null)).toEqual({ kind: 'value', value: one })
  })
})
