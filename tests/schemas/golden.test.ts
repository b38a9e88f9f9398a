import { readFileSync, readdirSync } from 'node:fs'
import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { serviceHeartbeatCodec, systemEventCodec, tickCodec } from '../../schemas/codec.ts'
import { candleCodec, opportunityCodec } from '../../schemas/derived.ts'
import { alertCodec, matchCodec } from '../../schemas/matches.ts'
import type { SchemaName } from '../../schemas/topics.ts'

const GOLDEN = new URL('golden/', import.meta.url)
const NAMES = [
  'Tick',
  'Candle',
  'Opportunity',
  'Match',
  'Alert',
  'SystemEvent',
  'ServiceHeartbeat',
] as const satisfies readonly SchemaName[]

const goldenSchema = z.object({
  schema: z.record(z.string(), z.unknown()),
  records: z.array(z.object({ what: z.string(), value: z.record(z.string(), z.unknown()), bytes: z.string() })),
})
const goldenOf = (name: SchemaName, version: number) =>
  goldenSchema.parse(JSON.parse(readFileSync(new URL(`${name}-${version}.json`, GOLDEN), 'utf8')))

/** avsc adds what it learns to the schema it is given, so each gets a copy. */
const typeOf = (schema: unknown): avsc.Type => avsc.Type.forSchema(JSON.parse(JSON.stringify(schema)))
const current = (name: SchemaName): unknown =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8'))

const versionsOf = (name: SchemaName): readonly number[] =>
  readdirSync(GOLDEN)
    .flatMap((file) => new RegExp(`^${name}-(\\d+)\\.json$`).exec(file)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b)

/** From the wire to the domain and back, so that what the domain would lose shows. */
const through = {
  Tick: (wire: Parameters<typeof tickCodec.fromWire>[0]) => tickCodec.toWire(tickCodec.fromWire(wire)),
  Candle: (wire: Parameters<typeof candleCodec.fromWire>[0]) => candleCodec.toWire(candleCodec.fromWire(wire)),
  Opportunity: (wire: Parameters<typeof opportunityCodec.fromWire>[0]) =>
    opportunityCodec.toWire(opportunityCodec.fromWire(wire)),
  Match: (wire: Parameters<typeof matchCodec.fromWire>[0]) => matchCodec.toWire(matchCodec.fromWire(wire)),
  Alert: (wire: Parameters<typeof alertCodec.fromWire>[0]) => alertCodec.toWire(alertCodec.fromWire(wire)),
  SystemEvent: (wire: Parameters<typeof systemEventCodec.fromWire>[0]) =>
    systemEventCodec.toWire(systemEventCodec.fromWire(wire)),
  ServiceHeartbeat: (wire: Parameters<typeof serviceHeartbeatCodec.fromWire>[0]) =>
    serviceHeartbeatCodec.toWire(serviceHeartbeatCodec.fromWire(wire)),
} as const

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

// The bytes are fastavro's: see golden/make.py. A file is never changed, because records like it lie in logs.
describe.each(NAMES)('%s', (name) => {
  const versions = versionsOf(name)

  test('has a golden file of every version, the newest of the schema as it is', () => {
    expect(versions).toEqual(versions.map((_, index) => index + 1))
    expect(goldenOf(name, versions.at(-1) ?? 0).schema).toEqual(current(name))
  })

  test.each(versions)('version %i decodes for ever', (version) => {
    const { schema, records } = goldenOf(name, version)
    const reader = typeOf(current(name))
    const resolver = reader.createResolver(typeOf(schema))
    expect(records.length).toBeGreaterThan(0)
    for (const { what, value, bytes } of records) {
      const wire = reader.fromBuffer(Buffer.from(bytes, 'hex'), resolver)
      expect([what, asJson(wire)]).toMatchObject([what, value])
      expect([what, asJson(through[name](wire))]).toMatchObject([what, value])
    }
  })

  test('the newest version encodes to the bytes of an independent implementation', () => {
    const { records } = goldenOf(name, versions.at(-1) ?? 0)
    const type = typeOf(current(name))
    for (const { what, bytes } of records) {
      const wire = type.fromBuffer(Buffer.from(bytes, 'hex'))
      expect([what, type.toBuffer(through[name](wire)).toString('hex')]).toEqual([what, bytes])
    }
  })
})
