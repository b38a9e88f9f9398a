import { cpus, totalmem } from 'node:os'
import { formatTable } from '../cli/table.ts'
import type { ProducerPerformance } from './producer-performance.ts'
import type { Spread } from './quantile.ts'
import type { RateResult } from './rate.ts'

export type Raw = {
  readonly recordBytes: number
  readonly theirs: ProducerPerformance
  /** Our writer alone, records per second. */
  readonly ours: number
}

export type Report = {
  readonly machine: string
  readonly node: string
  readonly date: string
  readonly brokers: number
  readonly exchanges: readonly string[]
  readonly rates: readonly RateResult[]
  readonly raw: Raw | undefined
}

/** What the figures were measured on; without it they say nothing. */
export const machine = (): string =>
  `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${(totalmem() / 1024 ** 3).toFixed(0)} GiB`

/** The highest rate that was sustained. */
export const sustained = (rates: readonly RateResult[]): number =>
  Math.max(0, ...rates.filter(({ failures }) => failures.length === 0).map(({ rate }) => rate))

/** Pure: the report as a reader wants it. */
export function formatReport({ machine: where, node, date, brokers, exchanges, rates, raw }: Report): string {
  const names = [...new Set(rates.flatMap(({ usage }) => Object.keys(usage)))]
  const best = sustained(rates)
  return [
    `${date}  ${where}, Node ${node}; everything on this one machine`,
    `${brokers === 1 ? 'one broker' : `${brokers} brokers, three copies`}; simulated: ${exchanges.join(', ')}`,
    '',
    formatTable(
      ['frames/s', 'sent/s', 'rows/s', 'behind', 'ack p50/p99', 'row p50/p99', 'push p50/p99', 'sustained'],
      rates.map((one) => [
        String(one.rate),
        one.framesPerSecond.toFixed(0),
        one.rowsPerSecond.toFixed(0),
        String(one.behind),
        both(one.ack),
        both(one.row),
        both(one.push),
        one.failures.length === 0 ? 'yes' : `no: ${one.failures.join('; ')}`,
      ]),
    ),
    'From the frame’s arrival, in ms. ack, row: as the roles report each 5 s, median of the medians, worst p99. push: each',
    'price as a client on this machine got it.',
    '',
    'Percent of a core, and MiB:',
    formatTable(
      ['frames/s', ...names],
      rates.map(({ rate, usage }) => [
        String(rate),
        ...names.map((name) => {
          const used = usage[name]
          return used === undefined ? '-' : `${used.cpuPercent.toFixed(0)} %  ${used.memoryMiB.toFixed(0)}`
        }),
      ]),
    ),
    '',
    ...(raw === undefined ? [] : [...rawLines(raw, best), '']),
    `sustained: ${best} frames/s`,
  ].join('\n')
}

const rawLines = ({ recordBytes, theirs, ours }: Raw, best: number): readonly string[] => [
  `Kafka's ProducerPerformance, ${recordBytes} bytes a record, acks=all: ${theirs.recordsPerSecond.toFixed(0)} records/s ` +
    `(${theirs.mibPerSecond.toFixed(1)} MB/s), p50 ${theirs.p50Ms} ms, p99 ${theirs.p99Ms} ms`,
  `our writer alone, real ticks: ${ours.toFixed(0)} records/s, ${ratio(ours, theirs)} of it`,
  `the whole pipeline: ${best} frames/s, ${ratio(best, theirs)} of it`,
]

const ratio = (rate: number, { recordsPerSecond }: ProducerPerformance): string =>
  `${((rate / recordsPerSecond) * 100).toFixed(1)} %`

const both = (spread: Spread | undefined): string =>
  spread === undefined ? '-' : `${spread.p50Ms.toFixed(1)} / ${spread.p99Ms.toFixed(1)}`
