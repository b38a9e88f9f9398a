import { stampOf } from '../core/partition-clock.ts'
import type { Origin, Output } from '../core/processor.ts'
import { fromMillis, toIso } from '../core/time.ts'
import { slotName, type Slot } from '../io/kafka/port.ts'
import type { Decoder } from '../io/registry.ts'
import { fieldDifferences, type FieldDifference, type Live, type What } from './replay-compare.ts'
import type { Replay } from './replay-rerun.ts'
import type { Difference, Verified } from './replay-verify.ts'

type Side = { readonly key: string | null; readonly timestamp: string; readonly value: unknown }

/** A difference with all that is needed to look into it, as plain JSON. */
export type Evidence = {
  readonly what: What
  readonly slot: string
  readonly origin: Origin
  readonly live: (Side & { readonly offset: number; readonly base64: string | undefined }) | undefined
  readonly replayed: Side | undefined
  readonly fields: readonly FieldDifference[]
  /** The input record that caused it. */
  readonly input: unknown
}

export async function evidenceOf<State, In, Out>(
  replay: Replay<State, In, Out>,
  { what, slot, origin, live, made }: Difference<Out>,
): Promise<Evidence> {
  const input = { topic: replay.processor.input, partition: origin.partition }
  const there = live === undefined ? undefined : await shown(replay, slot.topic, live)
  const here = made === undefined ? undefined : madeSide(replay, made)
  return {
    what,
    slot: slotName(slot),
    origin,
    live: there,
    replayed: here,
    fields: there === undefined || here === undefined ? [] : fieldDifferences(there.value, here.value),
    input: plain(await inputOf(replay, input, origin.offset)),
  }
}

async function shown<State, In, Out>(
  replay: Replay<State, In, Out>,
  topic: string,
  { offset, key, value, timestampMs }: Live,
): Promise<NonNullable<Evidence['live']>> {
  return {
    offset,
    key: key?.toString() ?? null,
    timestamp: toIso(fromMillis(timestampMs)),
    value: plain(await decoded(replay.decoder(topic), value)),
    base64: value?.toString('base64'),
  }
}

async function decoded(decoder: Decoder<unknown> | undefined, value: Buffer | null): Promise<unknown> {
  const decoding = decoder?.decode(value)
  if (decoding?.kind === 'unknown-schema' && (await decoder?.learn(decoding.id)) === true)
    return decoded(decoder, value)
  return decoding?.kind === 'value' ? decoding.value : undefined
}

const madeSide = <State, In, Out>({ valueOf }: Replay<State, In, Out>, made: Output<Out>): Side => ({
  key: made.key,
  timestamp: toIso(fromMillis(stampOf(made.time))),
  value: plain(valueOf(made).value),
})

async function inputOf<State, In, Out>(
  { log, read }: Replay<State, In, Out>,
  slot: Slot,
  offset: number,
): Promise<unknown> {
  const { first, end } = await log.bounds(slot)
  if (offset < first || offset >= end) return undefined
  for await (const records of log.read(slot, offset, offset + 1)) return (await read(slot, records))[0]
  return undefined
}

/** As JSON has it: absent is left out on both sides alike. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

const WHAT: Readonly<Record<What, string>> = {
  missing: 'the replay makes an output that is not on the log',
  extra: 'on the log stands an output that the replay does not make',
  order: 'an output stands after one of a later origin, where readers take it for a repeat',
  key: 'the key differs',
  value: 'the value differs',
  timestamp: 'the timestamp differs',
}

/** For people: what differs first, then both sides whole, then the record that caused it. */
export function describeEvidence({ what, slot, origin, live, replayed, fields, input }: Evidence): string {
  const { processor, version, partition, offset, ordinal } = origin
  const side = (of: Side | undefined): string =>
    of === undefined ? 'nothing' : `key ${of.key}, ${of.timestamp}, ${JSON.stringify(of.value)}`
  return [
    `different: ${slot}: ${WHAT[what]}`,
    `  origin    ${processor} version ${version}, partition ${partition}, record ${offset}, output ${ordinal}`,
    ...fields.map(
      ({ field, live: a, replayed: b }) => `  ${field}: live ${JSON.stringify(a)}, replayed ${JSON.stringify(b)}`,
    ),
    `  live      ${live === undefined ? '' : `offset ${live.offset}, `}${side(live)}`,
    `  replayed  ${side(replayed)}`,
    `  input     ${JSON.stringify(input)}`,
  ].join('\n')
}

/** What was not even begun. */
export type NotComparable = { readonly kind: 'not comparable'; readonly reason: string }

/** One partition's result as one line of JSON. */
export async function plainResult<State, In, Out>(
  replay: Replay<State, In, Out>,
  partition: number,
  verified: Verified<Out> | NotComparable,
): Promise<object> {
  const about = { partition, result: verified.kind, ...('range' in verified ? rangeOf(verified) : {}) }
  switch (verified.kind) {
    case 'equal':
      return {
        ...about,
        outputs: Object.fromEntries(verified.outputs),
        repeats: verified.repeats,
        configured: verified.configured,
      }
    case 'different':
      return { ...about, difference: await evidenceOf(replay, verified.difference) }
    case 'not comparable':
      return { ...about, reason: verified.reason }
  }
}

/** One partition's result for people. */
export async function describeResult<State, In, Out>(
  replay: Replay<State, In, Out>,
  slot: Slot,
  verified: Verified<Out> | NotComparable,
  tookMs: number,
): Promise<string> {
  switch (verified.kind) {
    case 'equal': {
      const { range, records, warmedUp, outputs, repeats, configured } = verified
      const rate = Math.round((records + warmedUp) / Math.max(tookMs / 1000, 0.001))
      return [
        `partition ${slot.partition}: ${range.from}..${range.to} equal: ${whole(records)} records after ${whole(warmedUp)} of warm-up`,
        `${whole(rate)} records/s`,
        outputsText(outputs),
        ...(repeats > 0 ? [`${whole(repeats)} repeats dropped`] : []),
        ...(configured ? [] : ['no configuration "arbitrage" met before it']),
      ].join('; ')
    }
    case 'different':
      return describeEvidence(await evidenceOf(replay, verified.difference))
    case 'not comparable':
      return `not comparable: ${slotName(slot)}: ${verified.reason}`
  }
}

export const describeTotals = (totals: {
  readonly records: number
  readonly outputs: ReadonlyMap<string, number>
}): string => `equal: ${whole(totals.records)} records re-run; outputs compared: ${outputsText(totals.outputs)}`

const rangeOf = <Out>({ range, records, warmedUp }: Verified<Out>): object => ({ ...range, records, warmedUp })
const whole = (count: number): string => count.toLocaleString('en')
const outputsText = (outputs: ReadonlyMap<string, number>): string =>
  [...outputs].map(([topic, count]) => `${topic} ${whole(count)}`).join(', ')
