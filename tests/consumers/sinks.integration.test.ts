import { sinkContract } from './sink-contract.ts'
import { servicesSink } from '../../consumers/services-sink.ts'
import { systemEventsSink } from '../../consumers/system-events-sink.ts'
import { ticksSink } from '../../consumers/ticks-sink.ts'
import type { ServiceHeartbeat, SystemEvent } from '../../core/service.ts'
import { micros } from '../../core/time.ts'
import { MOMENT, tick, trade } from '../support/ticks.ts'

sinkContract({
  name: 'ticks',
  sink: ticksSink,
  value: (n) => tick(trade({ id: String(n) }), { ordinal: n }),
  // PostgreSQL's text holds no NUL.
  poison: (n) => tick(trade({ id: `${n}\u0000` }), { ordinal: n }),
  unbelievable: (n) => tick(trade({ id: String(n), price: -1 }), { ordinal: n }),
  async stored(pool) {
    const { rows } = await pool.query<{ key: string }>('select trade_id as key from trades')
    return rows.map(({ key }) => key)
  },
  keyOf: ({ payload }) => (payload.kind === 'trade' ? payload.id : ''),
  tables: ['trades', 'quotes', 'trade_minutes', 'latest_quotes', 'symbols', 'sessions', 'exchanges', 'gaps'],
})

sinkContract({
  name: 'system events',
  sink: systemEventsSink,
  value: (n) => event(n, `event ${n}`),
  poison: (n) => event(n, `event \u0000 ${n}`),
  unbelievable: (n) => ({ ...event(n, 'nobody says so'), service: '' }),
  async stored(pool) {
    const { rows } = await pool.query<{ key: string }>('select sequence::text as key from system_events')
    return rows.map(({ key }) => key)
  },
  keyOf: ({ sequence }) => String(sequence),
  tables: ['system_events'],
})

sinkContract({
  name: 'services',
  sink: servicesSink,
  value: beat,
  poison: (n) => ({ ...beat(n), version: '\u0000' }),
  unbelievable: (n) => ({ ...beat(n), instance: '' }),
  async stored(pool) {
    const { rows } = await pool.query<{ key: string }>('select instance as key from services')
    return rows.map(({ key }) => key)
  },
  keyOf: ({ instance }) => instance,
  tables: ['services'],
})

function event(sequence: number, message: string): SystemEvent {
  const details = { of: String(sequence) }
  const where = { exchange: undefined, symbol: undefined }
  return { kind: 'NOTE', service: 'test', instance: 'here', sequence, time: MOMENT, ...where, message, details }
}

/** One instance each: the table keeps the newest of an instance. */
function beat(n: number): ServiceHeartbeat {
  return {
    service: 'test',
    instance: `instance ${n}`,
    sequence: n,
    time: micros(MOMENT + n),
    startedAt: MOMENT,
    state: 'READY',
    version: '0.1.0',
    eventLoopP99Ms: 1.5,
    residentBytes: 100_000_000,
    figures: { rowsPerSecond: 12.5 },
  }
}
