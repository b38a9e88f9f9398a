import { durationMicros } from '../read/duration.ts'
import type { RuleTest } from '../document.ts'
import type { RuleEvent } from '../events.ts'
import { fieldOf } from '../fields.ts'
import { didYouMean } from '../expression/nearest.ts'
import { STREAM_FIELDS } from '../stream-fields.ts'
import { fromIso, micros, type Micros } from '../../time.ts'
import { eventOf, type Closes } from './event-of.ts'
import { written } from './plain.ts'
import type { Value } from '../frame.ts'

/** 2024-01-01T00:00:00Z, a multiple of every renewal: where the clock of every test starts. */
export const TEST_START: Micros = fromIso('2024-01-01T00:00:00Z') ?? micros(0)

/** Bounds of what a test may ask for: tests run while someone waits for them. */
const MOST_RECORDS = 50_000
const LONGEST_MICROS = 48 * 3_600_000_000

/** The records of a test, by time, of one time as they are written; or what is wrong with them, and where. */
export type Given =
  | { readonly events: readonly RuleEvent[] }
  | { readonly problem: string; readonly pointer: readonly (string | number)[] }

type Planned = { readonly at: Micros; readonly given: number; readonly i: number }

/** Offsets count from 1. Never throws. */
export function givenEvents({ given }: Pick<RuleTest, 'given'>): Given {
  const total = given.reduce((sum, { repeat = 1 }) => sum + repeat, 0)
  if (total > MOST_RECORDS)
    return { problem: `at most ${MOST_RECORDS} records, but these are ${total}`, pointer: ['given'] }
  const plans: Planned[] = []
  const makers: Maker[] = []
  for (const [place, one] of given.entries()) {
    const maker = makerOf(one)
    if ('problem' in maker) return { problem: maker.problem, pointer: ['given', place, 'set', maker.name] }
    makers.push(maker)
    const every = one.every === undefined ? 0 : (durationMicros(one.every) ?? 0)
    const first = durationMicros(one.at) ?? 0
    if (first + every * ((one.repeat ?? 1) - 1) > LONGEST_MICROS)
      return { problem: 'records of at most 48 h', pointer: ['given', place] }
    for (let i = 0; i < (one.repeat ?? 1); i++)
      plans.push({ at: micros(TEST_START + first + i * every), given: place, i })
  }
  const closes: Closes = new Map()
  const events = plans
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, given: place, i }, index) => {
      const values = makers[place]?.valuesOf(i) ?? new Map<string, Value>()
      return eventOf(given[place]?.stream ?? 'trade', values, index + 1, at, closes)
    })
  return { events }
}

type Maker = { readonly valuesOf: (i: number) => ReadonlyMap<string, Value> }

function makerOf({
  stream,
  set,
}: RuleTest['given'][number]): Maker | { readonly problem: string; readonly name: string } {
  const all: (readonly [name: string, valueOf: (i: number) => Value])[] = []
  for (const [name, value] of Object.entries(set)) {
    const field = fieldOf(stream, name)
    if (field === undefined || DERIVED.has(name)) return { problem: unknown(stream, name), name }
    const one = written(value)
    if ('problem' in one) return { problem: one.problem, name }
    const { valueOf } = one
    const sample = valueOf(0)
    const isTime = field.type === 'time'
    if (isTime && typeof sample === 'string') {
      const length = durationMicros(sample)
      if (length === undefined)
        return { problem: wrongType(name, 'a time in microseconds or since the start', value), name }
      all.push([name, () => TEST_START + length])
      continue
    }
    const wanted = field.type === 'string' ? 'string' : field.type === 'bool' ? 'boolean' : 'number'
    if (sample !== undefined && typeof sample !== wanted)
      return { problem: wrongType(name, KINDS[wanted], value), name }
    all.push([name, valueOf])
  }
  return { valuesOf: (i) => new Map(all.map(([name, valueOf]) => [name, valueOf(i)])) }
}

const KINDS = { string: 'a text', boolean: 'true or false', number: 'a number' } as const

/** Computed of others, in a test too. */
const DERIVED: ReadonlySet<string> = new Set(['notional', 'mid', 'spreadBps'])

const wrongType = (name: string, kind: string, value: unknown): string =>
  `\`${name}\` to be ${kind}, not ${JSON.stringify(value)}`

function unknown(stream: RuleTest['given'][number]['stream'], name: string): string {
  const names = STREAM_FIELDS[stream].map((field) => field.name).filter((one) => !DERIVED.has(one))
  return DERIVED.has(name)
    ? `\`${name}\` to follow from other fields: set those`
    : `fields of the stream ${stream}: \`${name}\` is none${didYouMean(name, names)}`
}
