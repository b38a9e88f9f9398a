import { readFileSync } from 'node:fs'
import avsc from 'avsc'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { openRegistry } from '../../io/registry.ts'
import { catalogue } from '../../schemas/topics.ts'
import { topicSpec, uniqueName } from '../support/kafka.ts'

const { registry } = inject('stack')

type Schema = { readonly [key: string]: unknown }
const field = (name: string, type: unknown, more: Schema = {}): Schema => ({ name, type, ...more })
const record = (name: string, fields: readonly Schema[]): Schema => ({ type: 'record', name, fields })
const states = (symbols: readonly string[]): Schema => ({ type: 'enum', name: 'State', symbols, default: 'DOWN' })
const TRADE = record('Trade', [field('price', 'double')])
const QUOTE = record('Quote', [field('bid', 'double')])
const RATE = record('Rate', [field('rate', 'double')])

/** As the schemas of the project are made: required fields, one with a default, an enum with a default, a union of records. */
const FIELDS = {
  symbol: field('symbol', 'string'),
  note: field('note', ['null', 'string'], { default: null }),
  state: field('state', states(['UP', 'DOWN'])),
  payload: field('payload', [TRADE, QUOTE]),
} as const
const tick = (fields: Partial<Record<keyof typeof FIELDS, Schema>> = {}, ...more: readonly Schema[]): Schema =>
  record('Tick', [...Object.values({ ...FIELDS, ...fields }), ...more])
const without = (name: keyof typeof FIELDS): Schema =>
  record(
    'Tick',
    Object.values(FIELDS).filter((one) => one['name'] !== name),
  )

const EXTRA = field('extra', 'int', { default: 7 })
type Case = readonly [what: string, later: readonly Schema[], backward: boolean, full: boolean]
const CASES: readonly Case[] = [
  ['a field with a default added', [tick({}, EXTRA)], true, true],
  ['a field without a default added', [tick({}, field('extra', 'int'))], false, false],
  ['a field with a default removed', [without('note')], true, true],
  ['a field without a default removed', [without('symbol')], true, false],
  ['a field retyped', [tick({ symbol: field('symbol', 'double') })], false, false],
  ['a field renamed', [tick({ symbol: field('market', 'string') })], false, false],
  ['an int made a long', [tick({}, EXTRA), tick({}, { ...EXTRA, type: 'long' })], true, false],
  ['a payload kind added at the end', [tick({ payload: field('payload', [TRADE, QUOTE, RATE]) })], true, false],
  ['a payload kind removed', [tick({ payload: field('payload', [TRADE]) })], false, false],
  [
    'an enum symbol added to an enum with a default',
    [tick({ state: field('state', states(['UP', 'DOWN', 'SLOW'])) })],
    true,
    true,
  ],
  // The newest but one has the field, the first has not: only a transitive rule sees it.
  [
    'a default taken away from a field of the second version',
    [tick({}, EXTRA), tick({}, field('extra', 'int'))],
    false,
    false,
  ],
]

async function ask(path: string, method = 'GET', body?: Schema): Promise<{ status: number; answer: unknown }> {
  const answered = await fetch(`${registry}/${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' } }),
  })
  return { status: answered.status, answer: await answered.json() }
}

/** Statuses of registering the first schema and the later ones, in order. */
async function statuses(compatibility: string, later: readonly Schema[]): Promise<readonly number[]> {
  const subject = `${uniqueName('evolution')}-value`
  expect((await ask(`config/${subject}`, 'PUT', { compatibility })).status).toBe(200)
  const found: number[] = []
  for (const schema of [tick(), ...later])
    found.push((await ask(`subjects/${subject}/versions`, 'POST', { schema: JSON.stringify(schema) })).status)
  return found
}
const expected = (later: readonly Schema[], isAccepted: boolean) => [
  ...later.map(() => 200),
  ...(isAccepted ? [200] : [409]),
]

describe('the registry, of a change to a schema', () => {
  test.each(CASES)('BACKWARD_TRANSITIVE: %s', async (_what, later, isAccepted) =>
    expect(await statuses('BACKWARD_TRANSITIVE', later)).toEqual(expected(later, isAccepted)),
  )

  test.each(CASES)('FULL_TRANSITIVE: %s', async (_what, later, _backward, isAccepted) =>
    expect(await statuses('FULL_TRANSITIVE', later)).toEqual(expected(later, isAccepted)),
  )

  // The registry's word is worth something only if avsc keeps it.
  test.each(CASES.filter(([, , isAccepted]) => isAccepted))('what it accepts we read: %s', (_what, later) => {
    const type = (schema: Schema | undefined) => avsc.Type.forSchema(JSON.parse(JSON.stringify(schema)))
    const [writer, reader] = [type(tick()), type(later.at(-1))]
    const bytes = writer.toBuffer({ symbol: 'BTC-USDT', note: null, state: 'UP', payload: { Trade: { price: 1.5 } } })
    expect(reader.fromBuffer(bytes, reader.createResolver(writer))).toMatchObject({
      payload: { Trade: { price: 1.5 } },
    })
  })
})

describe('register', () => {
  const spec = topicSpec({ schema: 'ServiceHeartbeat' })
  const subject = `${spec.name}-value`
  const text: unknown = JSON.parse(
    readFileSync(new URL('../../schemas/ServiceHeartbeat.avsc', import.meta.url), 'utf8'),
  )
  beforeAll(() => openRegistry(registry).register([spec]))

  test('hands in one canonical text and demands BACKWARD_TRANSITIVE', async () => {
    const stored = z.object({ schema: z.string() }).parse((await ask(`subjects/${subject}/versions/latest`)).answer)
    expect(stored.schema).toBe(JSON.stringify(text))
    expect((await ask(`config/${subject}`)).answer).toEqual({ compatibilityLevel: 'BACKWARD_TRANSITIVE' })
  })

  test('demands of alerts that old readers read on: what only new readers could read is refused', async () => {
    const alerts = { ...catalogue(1).alerts, name: topicSpec().name }
    await openRegistry(registry).register([alerts])
    const place = `${alerts.name}-value`
    expect((await ask(`config/${place}`)).answer).toEqual({ compatibilityLevel: 'FULL_TRANSITIVE' })
    const now = z
      .looseObject({ fields: z.array(z.looseObject({ name: z.string() })) })
      .parse(JSON.parse(readFileSync(new URL('../../schemas/Alert.avsc', import.meta.url), 'utf8')))
    const offer = async (fields: readonly object[]) =>
      (await ask(`subjects/${place}/versions`, 'POST', { schema: JSON.stringify({ ...now, fields }) })).status
    // BACKWARD would take it: the field stands in every record that there is.
    expect(await offer(now.fields.filter(({ name }) => name !== 'title'))).toBe(409)
    expect(await offer([...now.fields, EXTRA])).toBe(200)
    expect(await offer(now.fields.filter(({ name }) => name !== 'action'))).toBe(200)
  })

  test('makes no second version when it is run again', async () => {
    await openRegistry(registry).register([spec])
    expect((await ask(`subjects/${subject}/versions`)).answer).toEqual([1])
  })

  test('refuses to start on a subject that holds something incompatible', async () => {
    const other = topicSpec({ schema: 'ServiceHeartbeat' })
    const foreign = { ...record('ServiceHeartbeat', [field('service', 'int')]), namespace: 'crosstide' }
    await ask(`config/${other.name}-value`, 'PUT', { compatibility: 'BACKWARD_TRANSITIVE' })
    await ask(`subjects/${other.name}-value/versions`, 'POST', { schema: JSON.stringify(foreign) })
    await expect(openRegistry(registry).register([other])).rejects.toMatchObject({ code: 'SCHEMA_REFUSED' })
  })
})
