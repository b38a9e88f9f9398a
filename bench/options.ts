import { parseArgs } from 'node:util'
import { PipelineError } from '../core/errors.ts'

export type Options = {
  readonly rates: readonly number[]
  /** Goes on with double the last rate until one is not sustained. */
  readonly doubles: boolean
  readonly warmUpMs: number
  readonly measureMs: number
  readonly raw: boolean
  readonly json: boolean
}

/** What the simulator does at most. */
export const HIGHEST_RATE = 20_000

export const USAGE = `usage: npm run bench -- [options]
  --rates 1000,5000,10000   frames per second; without it: these, then doubled until not sustained
  --seconds 25              measured per rate
  --warm-up 10              seconds before
  --no-raw                  without Kafka's ProducerPerformance
  --json                    the report as JSON on stdout
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
    }
  } catch (cause) {
    throw new PipelineError('WRONG_USE', `${cause instanceof Error ? cause.message : String(cause)}\n${USAGE}`, {
      cause,
    })
  }
}

function within(text: string, least: number, most: number): number {
  const value = Number(text)
  if (value >= least && value <= most) return value
  throw new RangeError(`"${text}" is not between ${least} and ${most}`)
}
