import { readFileSync } from 'node:fs'
import avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALERT_PHASES, ALERT_SOURCES } from '../../core/alert.ts'
import { MATCH_PHASES, SEVERITIES } from '../../core/match.ts'
import { OPPORTUNITY_KINDS, PHASES } from '../../core/opportunity.ts'
import { SERVICE_STATES, SYSTEM_EVENT_KINDS } from '../../core/service.ts'
import { FEEDS, GAP_REASONS, HEARTBEAT_STATES, QUOTE_SOURCES, SIDES, TIME_SOURCES } from '../../core/tick.ts'
import { serviceHeartbeatCodec, systemEventCodec, tickCodec, type Codec } from '../../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../../schemas/derived.ts'
import { alertCodec, matchCodec } from '../../schemas/matches.ts'
import type { SchemaName } from '../../schemas/topics.ts'
import { arbitraryCandle, arbitraryOpportunity, arbitraryOrigin } from '../support/arbitrary-derived.ts'
import { arbitraryAlert, arbitraryMatch } from '../support/arbitrary-matches.ts'
import {
  arbitraryCount,
  arbitraryMicros,
  arbitraryPayloads,
  arbitraryTick,
  plainRecord,
} from '../support/arbitraries.ts'

const schemaOf = (name: SchemaName): unknown =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8'))
const typeOf = (name: SchemaName): avsc.Type => avsc.Type.forSchema(JSON.parse(JSON.stringify(schemaOf(name))))

function expectRoundTrip<Domain, Wire>(codec: Codec<Domain, Wire>, values: fc.Arbitrary<Domain>): void {
  const type = typeOf(codec.schema)
  fc.assert(
    fc.property(values, (value) => {
      const bytes = type.toBuffer(codec.toWire(value))
      expect(codec.fromWire(type.fromBuffer(bytes))).toStrictEqual(value)
    }),
  )
}

const text = fc.string({ unit: 'binary' })

describe('codec', () => {
  test.each(Object.entries(arbitraryPayloads))('gives back every %s as it was', (_, payload) => {
    expectRoundTrip(tickCodec, arbitraryTick(payload))
  })

  test('gives back every service heartbeat as it was', () => {
    expectRoundTrip(
      serviceHeartbeatCodec,
      plainRecord({
        service: text,
        instance: text,
        sequence: arbitraryCount,
        time: arbitraryMicros,
        startedAt: arbitraryMicros,
        state: fc.constantFrom(...SERVICE_STATES),
        version: text,
        eventLoopP99Ms: fc.double({ noNaN: true }),
        residentBytes: arbitraryCount,
        figures: fc.dictionary(
          fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
          fc.double({ noNaN: true }),
          { noNullPrototype: true },
        ),
      }),
    )
  })

  test('gives back every system event as it was', () => {
    expectRoundTrip(
      systemEventCodec,
      plainRecord({
        kind: fc.constantFrom(...SYSTEM_EVENT_KINDS),
        service: text,
        instance: text,
        sequence: arbitraryCount,
        time: arbitraryMicros,
        exchange: fc.option(text, { nil: undefined }),
        symbol: fc.option(text, { nil: undefined }),
        message: text,
        details: fc.dictionary(
          fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
          text,
          { noNullPrototype: true },
        ),
        origin: fc.option(arbitraryOrigin, { nil: undefined }),
      }),
    )
  })

  test('gives back every candle as it was', () => {
    expectRoundTrip(candleCodec, arbitraryCandle)
  })

  test('gives back every opportunity as it was', () => {
    expectRoundTrip(opportunityCodec, arbitraryOpportunity)
  })

  test('gives back every match as it was', () => {
    expectRoundTrip(matchCodec, arbitraryMatch)
  })

  test('gives back every alert as it was', () => {
    expectRoundTrip(alertCodec, arbitraryAlert)
  })

  test('writes a match with the id that its origin gives it', () => {
    const wires = fc.sample(arbitraryMatch, 20).map((match) => matchCodec.toWire(match))
    expect(wires.map(({ matchId }) => matchId)).toEqual(
      wires.map(({ ruleId, ruleVersion, origin: { partition, offset, ordinal } }) =>
        [`${ruleId}@${ruleVersion}`, partition, offset, ordinal].join(':'),
      ),
    )
  })

  test('takes an action of a kind that a newer writer has for none', () => {
    const wires = fc.sample(arbitraryAlert, 1).map((alert) => alertCodec.toWire(alert))
    const action = { kind: 'UNKNOWN', target: 'desk', command: 'stop', arguments: {} } as const
    expect(wires.map((wire) => alertCodec.fromWire({ ...wire, action }).action)).toEqual([undefined])
  })

  test('refuses a payload kind of a newer schema instead of misreading it', () => {
    const newer = fc
      .sample(arbitraryTick(arbitraryPayloads.rate), 1)
      .map((one) => ({ ...tickCodec.toWire(one), payload: {} }))
    expect(() => newer.map((wire) => tickCodec.fromWire(wire))).toThrow(/unknown payload kind/)
  })

  // Microseconds until 2255 and ids up to 2^53 are exact; nanoseconds would not be.
  test('refuses a number that a double cannot hold exactly', () => {
    const type = typeOf('Tick')
    const [wire] = fc.sample(arbitraryTick(arbitraryPayloads.rate), 1).map((one) => tickCodec.toWire(one))
    expect(() => type.toBuffer({ ...wire, sequence: 2 ** 60 })).toThrow(/sequence|invalid/)
  })
})

type Named = {
  readonly name?: string
  readonly type?: unknown
  readonly symbols?: unknown
  readonly doc?: unknown
  readonly fields?: unknown
  readonly items?: unknown
}

/** Every record, enum and field of a schema, with where it stands. */
function parts(schema: unknown, path: string): readonly (Named & { readonly path: string })[] {
  if (Array.isArray(schema)) return schema.flatMap((branch: unknown) => parts(branch, path))
  if (typeof schema !== 'object' || schema === null) return []
  const node: Named = schema
  const here = node.name === undefined ? path : `${path}.${node.name}`
  const fields: readonly unknown[] = Array.isArray(node.fields) ? node.fields : []
  return [
    ...(node.name === undefined ? [] : [{ ...node, path: here }]),
    ...fields.flatMap((field) => parts(field, here)),
    ...parts(node.type, here),
    ...parts(node.items, here),
  ]
}

const SCHEMAS: readonly SchemaName[] = [
  'Tick',
  'Candle',
  'Opportunity',
  'Match',
  'Alert',
  'ServiceHeartbeat',
  'SystemEvent',
]

describe('schemas', () => {
  test.each(SCHEMAS)('%s explains every field', (name) => {
    expect(parts(schemaOf(name), '').filter(({ doc }) => typeof doc !== 'string' || doc === '')).toEqual([])
  })

  // A file of several kinds of records defines each name once (io/replay-file.ts).
  test('a name means the same type in every schema', () => {
    const all = SCHEMAS.flatMap((name) => parts(schemaOf(name), '').filter(({ symbols, fields }) => symbols ?? fields))
    const byName = Map.groupBy(all, ({ name }) => name)
    const shape = (type: unknown): string =>
      JSON.stringify(type, (key, value: unknown) => (['path', 'namespace', 'doc'].includes(key) ? undefined : value))
    const differing = [...byName].filter(([, types]) => new Set(types.map(shape)).size > 1)
    expect(differing.map(([name]) => name)).toEqual([])
    expect(byName.get('Evidence')).toHaveLength(2)
  })

  test.each([
    ['Tick', 'Feed', FEEDS],
    ['Tick', 'TimeSource', TIME_SOURCES],
    ['Tick', 'Side', SIDES],
    ['Tick', 'QuoteSource', QUOTE_SOURCES],
    ['Tick', 'HeartbeatState', HEARTBEAT_STATES],
    ['Tick', 'GapReason', GAP_REASONS],
    ['ServiceHeartbeat', 'ServiceState', SERVICE_STATES],
    ['SystemEvent', 'SystemEventKind', SYSTEM_EVENT_KINDS],
    ['Candle', 'Feed', FEEDS],
    ['Opportunity', 'OpportunityKind', OPPORTUNITY_KINDS],
    ['Opportunity', 'Phase', PHASES],
    ['Opportunity', 'LegSide', SIDES],
    ['Match', 'MatchPhase', MATCH_PHASES],
    ['Match', 'Severity', SEVERITIES],
    ['Match', 'Feed', FEEDS],
    ['Alert', 'AlertSource', ALERT_SOURCES],
    ['Alert', 'AlertPhase', ALERT_PHASES],
    ['Alert', 'Severity', SEVERITIES],
    ['Alert', 'Feed', FEEDS],
  ] as const)('%s.%s has the symbols of the domain', (name, enumName, symbols) => {
    const found = parts(schemaOf(name), '').find((part) => part.name === enumName)
    expect(found?.symbols).toEqual(symbols)
  })
})
