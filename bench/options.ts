import { parseArgs } from 'node:util'
import { PipelineError } from '../core/errors.ts'
import type { BrokerCount } from '../dev/brokers.ts'
import { JOBS, type Job } from './rules/jobs.ts'
import { J3_EVENTS, type StreamsOptions } from './streams/bench.ts'

export type Options = {
  readonly rates: readonly number[]
  /** Goes on with double the last rate until one is not sustained. */
  readonly doubles: boolean
  readonly warmUpMs: number
  readonly measureMs: number
  readonly raw: boolean
  readonly json: boolean
  readonly brokers: BrokerCount
}

/** Of the adapters alone, on recorded frames. */
export type AdapterOptions = { readonly captures: string; readonly warmUpSeconds: number; readonly seconds: number }

/** Of the simulator alone. */
export type SimulatorOptions = { readonly rates: readonly number[]; readonly seconds: number }

/** What the simulator does at most. */
export const HIGHEST_RATE = 100_000

export const USAGE = `usage: npm run bench -- [options]
  --rates 1000,5000,10000   frames per second; without it: these, then doubled until not sustained
  --seconds 25              measured per rate
  --warm-up 10              seconds before
  --brokers 1               or 3: a quorum of three, three copies of each record
  --no-raw                  without Kafka's ProducerPerformance
  --json                    the report as JSON on stdout
or:    npm run bench -- adapters [options]: each adapter alone on its recording, beside cryptofeed
  --captures ../shared/captures
  --seconds 3               of processor time, per recording and side
or:    npm run bench -- simulator [options]: the simulator alone, read by a client in another process
  --rates 10000,50000       frames per second
  --seconds 10              measured per rate
or:    npm run bench -- processors: the market processor alone, and what a snapshot of it costs
or:    npm run bench -- opportunities [options]: from a frame to the OPEN that it causes, everything running
  --rate 10000              frames per second
  --seconds 60              measured
or:    npm run bench -- rules [J1 J2 J2H J3 J4]: rules alone, beside Esper and json-rules-engine
or:    npm run bench -- streams [options]: one job on our runner beside Kafka Streams, both exactly once in effect
  --events 2000000          of the backlog
  --rates 2000,10000        events per second for latencies
  --seconds 15              measured per rate and side
`

/** Pure: the command line; throws WRONG_USE. */
export function parseOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        rates: { type: 'string' },
        seconds: { type: 'string', default: '25' },
        'warm-up': { type: 'string', default: '10' },
        raw: { type: 'boolean', default: true },
        json: { type: 'boolean', default: false },
        brokers: { type: 'string', default: '1' },
      },
    })
    const rates = (values.rates ?? '1000,5000,10000').split(',').map((rate) => within(rate, 10, HIGHEST_RATE))
    return {
      rates,
      doubles: values.rates === undefined,
      // A role's figures come each 5 s, so a shorter time may hold none.
      measureMs: within(values.seconds, 10, 3600) * 1000,
      warmUpMs: within(values['warm-up'], 1, 600) * 1000,
      raw: values.raw,
      json: values.json,
      brokers: brokerCount(values.brokers),
    }
  } catch (cause) {
    throw wrongUse(cause)
  }
}

/** Pure: what follows `adapters`; throws WRONG_USE. */
export function parseAdapterOptions(args: readonly string[]): AdapterOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        captures: { type: 'string', default: '../shared/captures' },
        seconds: { type: 'string', default: '3' },
      },
    })
    const seconds = within(values.seconds, 0.1, 600)
    return { captures: values.captures, seconds, warmUpSeconds: seconds / 3 }
  } catch (cause) {
    throw wrongUse(cause)
  }
}

/** Pure: what follows `simulator`; throws WRONG_USE. */
export function parseSimulatorOptions(args: readonly string[]): SimulatorOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rates: { type: 'string', default: '10000,50000' },
        seconds: { type: 'string', default: '10' },
      },
    })
    const rates = values.rates.split(',').map((rate) => within(rate, 10, HIGHEST_RATE))
    return { rates, seconds: within(values.seconds, 1, 600) }
  } catch (cause) {
    throw wrongUse(cause)
  }
}

/** Pure: what follows `opportunities`; throws WRONG_USE. */
export function parseOpportunityOptions(args: readonly string[]): { readonly rate: number; readonly seconds: number } {
  try {
    const options = { rate: { type: 'string', default: '10000' }, seconds: { type: 'string', default: '60' } } as const
    const { values } = parseArgs({ args: [...args], options })
    return { rate: within(values.rate, 10, HIGHEST_RATE), seconds: within(values.seconds, 1, 3600) }
  } catch (cause) {
    throw wrongUse(cause)
  }
}

/** Pure: what follows `streams`; throws WRONG_USE. */
export function parseStreamsOptions(args: readonly string[]): StreamsOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        events: { type: 'string', default: String(J3_EVENTS) },
        rates: { type: 'string', default: '2000,10000' },
        seconds: { type: 'string', default: '15' },
      },
    })
    return {
      events: within(values.events, 1000, 100_000_000),
      rates: values.rates.split(',').map((rate) => within(rate, 10, HIGHEST_RATE)),
      seconds: within(values.seconds, 1, 600),
    }
  } catch (cause) {
    throw wrongUse(cause)
  }
}

/** Pure: what follows `rules`, the jobs' names; none: all. Throws WRONG_USE. */
export function parseJobs(args: readonly string[]): readonly Job[] {
  const unknown = args.filter((name) => !JOBS.some((job) => job === name))
  if (unknown.length > 0) throw wrongUse(new RangeError(`no job ${unknown.join(' ')}: there are ${JOBS.join(', ')}`))
  return args.length === 0 ? JOBS : JOBS.filter((job) => args.includes(job))
}

const wrongUse = (cause: unknown): PipelineError =>
  new PipelineError('WRONG_USE', `${cause instanceof Error ? cause.message : String(cause)}\n${USAGE}`, { cause })

function brokerCount(text: string): BrokerCount {
  if (text === '1' || text === '3') return text === '1' ? 1 : 3
  throw new RangeError(`"${text}" brokers: there are 1 or 3`)
}

function within(text: string, least: number, most: number): number {
  const value = Number(text)
  if (value >= least && value <= most) return value
  throw new RangeError(`"${text}" is not between ${least} and ${most}`)
}
