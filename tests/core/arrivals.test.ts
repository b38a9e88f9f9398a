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

describe('arrivals', () => {
  const MINUTES = 60_000
  /** A heartbeat of a session, at a millisecond of its host's clock and one of the broker's. */
  const from = (session: number, ordinal: number, received: number, stamped = received): Logged<OpenTick> => {
    const value = { ...tick(), session: micros(session), ordinal, receiveTime: ms(received), payload: heartbeat() }
    return { partition: 0, offset: 0, timestampMs: Math.floor(ms(stamped) / 1000), value }
  }
  const outcomes = (...records: readonly Logged<OpenTick>[]) =>
    records.map((_, index) => {
      const { counts } = run(records.slice(0, index + 1))
      return counts.length - run(records.slice(0, index)).counts.length === 0 ? 'passed' : counts.at(-1)
    })
  const clock = (...records: readonly Logged<OpenTick>[]) => run(records).told.map(([, , , now]) => now)

  test('pass a session’s records with ascending ordinals, holes and all, and drop what is not above the highest', () => {
    expect(outcomes(from(1, 0, 0), from(1, 5, 1), from(1, 5, 2), from(1, 3, 3), from(1, 6, 4))).toEqual([
      'passed',
      'passed',
      'duplicate',
      'duplicate',
      'passed',
    ])
    expect(outcomes(from(1, 5, 0), from(2, 5, 1), from(2, 5, 1))).toEqual(['passed', 'passed', 'duplicate'])
  })

  test('make T the greatest of the receipts, and of the stamps where a host is ahead', () => {
    // Received a minute ahead of the broker: its stamp counts, to the end of the millisecond.
    expect(clock(from(1, 0, 10), from(1, 1, 5), from(1, 2, MINUTES, 20), from(1, 3, 15))).toEqual([
      ms(10),
      ms(10),
      ms(20.999),
      ms(20.999),
    ])
  })

  test('do not let a repeat move T', () => {
    // The copy of what a host ahead wrote is stamped later than the first one was.
    expect(clock(from(1, 0, MINUTES, 10), from(1, 0, MINUTES, 30), from(1, 1, 20))).toEqual([ms(10.999), ms(20)])
  })

  test('count a record late that is ten minutes behind T, and let T stand', () => {
    const after = from(1, 0, 10 * MINUTES)
    expect(outcomes(after, from(2, 0, 0), from(2, 1, 0.001))).toEqual(['passed', 'late', 'passed'])
    expect(clock(after, from(2, 1, 1))).toEqual([ms(10 * MINUTES), ms(10 * MINUTES)])
  })

  test('forget a session eleven minutes after its last record: its repeats are late by then', () => {
    const gone = from(1, 7, 0)
    const other = (millis: number) => from(2, millis, millis)
    expect(outcomes(gone, other(11 * MINUTES - 1), gone)).toEqual(['passed', 'passed', 'duplicate'])
    expect(outcomes(gone, other(11 * MINUTES), gone)).toEqual(['passed', 'passed', 'late'])
    // A host up to a minute ahead: the copy that is appended later bears its receipt, which is nearer to T.
    const ahead = (stamped: number) => from(1, 7, MINUTES - 1, stamped)
    const repeated = outcomes(ahead(0), other(11 * MINUTES - 1), ahead(11 * MINUTES - 1))
    expect(repeated).toEqual(['passed', 'passed', 'duplicate'])
    expect(outcomes(ahead(0), other(11 * MINUTES + 1), ahead(11 * MINUTES + 1))).toEqual(['passed', 'passed', 'late'])
    // Sessions without end do not fill the memory.
    const many = Array.from({ length: 2000 }, (_, i) => from(i + 1, 0, i * MINUTES))
    const state = arrivals.initial()
    for (const record of many) arrivals.step(state, record, { emit: () => undefined, count: () => undefined })
    expect(state.seen.size).toBeLessThan(80)
  })
})
