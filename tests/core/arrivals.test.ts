import { describe, expect, test } from 'vitest'
import { arrivals, type Arrival, type OpenTick } from '../../core/arrivals.ts'
import type { Logged } from '../../core/processor.ts'
import { MICROS_PER_MINUTE, micros, type Micros } from '../../core/time.ts'
import { MINUTE, logged, ms } from '../support/logged.ts'
import { heartbeat, tick } from '../support/ticks.ts'

const beat = (receiveTime: Micros) => tick(heartbeat(), { receiveTime, session: micros(MINUTE - 1) })

/** A control record at a place in the log, written at a moment of its writer's. */
function control(record: Logged<OpenTick>, receiveTime: Micros): Logged<OpenTick> {
  const payload = { kind: 'control', documentId: 'arbitrage', epoch: 1, hash: 'h', document: {} } as const
  const value = { ...record.value, exchange: '', session: micros(1), receiveTime, payload }
  return { ...record, timestampMs: Math.floor(receiveTime / 1000), value }
}

function run(records: readonly Logged<OpenTick>[]) {
  const state = arrivals.initial()
  const arrived: Arrival[] = []
  const counts: string[] = []
  for (const record of records)
    arrivals.step(state, record, { emit: (one) => void arrived.push(one), count: (name) => void counts.push(name) })
  return { counts, told: arrived.map(({ tick: { payload }, time, before, now }) => [payload.kind, time, before, now]) }
}

describe('a control record', () => {
  const hours = (count: number): Micros => micros(MINUTE + count * 60 * MICROS_PER_MINUTE)

  // A recording played at full speed: it ends when the control record is written, and began an hour before.
  test('moves no clock, whatever its writer’s clock says, and takes place at T', () => {
    const [first, second, third] = logged([beat(ms(0)), beat(ms(500)), beat(ms(1000))])
    if (first === undefined || second === undefined || third === undefined) throw new Error('no records')
    expect(run([first, control(second, hours(1)), third])).toEqual({
      counts: [],
      told: [
        ['heartbeat', ms(0), ms(0), ms(0)],
        ['control', ms(0), ms(0), ms(0)],
        ['heartbeat', ms(1000), ms(0), ms(1000)],
      ],
    })
  })

  test('is never late', () => {
    const [first, second] = logged([beat(hours(1)), beat(hours(1))])
    if (first === undefined || second === undefined) throw new Error('no records')
    expect(run([first, control(second, ms(0))]).told.at(-1)).toEqual(['control', hours(1), hours(1), hours(1)])
  })

  test('does not begin T', () => {
    const [first, second] = logged([beat(ms(0)), beat(ms(0))])
    if (first === undefined || second === undefined) throw new Error('no records')
    expect(run([control(first, hours(1)), second]).told).toEqual([
      ['control', 0, 0, 0],
      ['heartbeat', ms(0), ms(0), ms(0)],
    ])
  })

  test('is dropped as any record if it is a repeat', () => {
    const [first, second] = logged([beat(ms(0)), beat(ms(0))])
    if (first === undefined || second === undefined) throw new Error('no records')
    const copy = control(second, ms(0))
    expect(run([first, copy, { ...copy, offset: 7 }]).counts).toEqual(['duplicate'])
  })
})
