import fc from 'fast-check'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import type { Tick } from '../../core/tick.ts'
import { openRegistry, type Decoder, type Registry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { arbitraryPayloads, arbitraryTick } from '../support/arbitraries.ts'

const topic = { ...catalogue(1).ticks, name: `test.registry-${Date.now()}` }
const anyTick = arbitraryTick(fc.oneof(...Object.values(arbitraryPayloads)))

let registry: Registry
let encode: (tick: Tick) => Buffer
let decoder: Decoder<Tick>

beforeAll(async () => {
  registry = openRegistry(inject('stack').registry)
  await registry.register([topic])
  encode = await registry.encoder(topic.name, tickCodec)
  decoder = registry.decoder(tickCodec)
  const [sample] = fc.sample(anyTick, 1).map((tick) => decoder.decode(encode(tick)))
  if (sample?.kind === 'unknown-schema') await decoder.learn(sample.id)
})

describe('registry', () => {
  test('registering again changes nothing', async () => {
    const before = encode(fc.sample(anyTick, 1)[0] ?? never()).readInt32BE(1)
    await registry.register([topic])
    const again = await registry.encoder(topic.name, tickCodec)
    expect(again(fc.sample(anyTick, 1)[0] ?? never()).readInt32BE(1)).toBe(before)
  })

  test('values stay intact while many more are encoded after them', () => {
    const ticks = fc.sample(anyTick, 10_000)
    const values = ticks.map((tick) => encode(tick))
    expect(values.map((value) => decoder.decode(value))).toEqual(ticks.map((value) => ({ kind: 'value', value })))
  })

  test('encodes a value larger than a slab', () => {
    const [tick] = fc
      .sample(arbitraryTick(arbitraryPayloads.control), 1)
      .map((one) =>
        one.payload.kind === 'control'
          ? { ...one, payload: { ...one.payload, body: new Uint8Array(600_000).fill(7) } }
          : one,
      )
    expect(decoder.decode(encode(tick ?? never()))).toEqual({ kind: 'value', value: tick })
  })

  test('says which schema it does not know, before it was learned', () => {
    const [value] = fc.sample(anyTick, 1).map((tick) => encode(tick))
    expect(registry.decoder(tickCodec).decode(value ?? never())).toEqual({
      kind: 'unknown-schema',
      id: value?.readInt32BE(1),
    })
  })

  test('an id the registry does not have stays unknown', async () =>
    expect(await decoder.learn(2_000_000_000)).toBe(false))

  test('a damaged value is a value or a fault, never a throw', () => {
    fc.assert(
      fc.property(anyTick, fc.nat(), fc.nat(255), (tick, at, byte) => {
        const damaged = Buffer.from(encode(tick))
        damaged[5 + (at % (damaged.length - 5))] = byte
        expect(['value', 'fault']).toContain(decoder.decode(damaged).kind)
      }),
    )
  })

  test.each<[string, (whole: Buffer) => Buffer | null]>([
    ['no value', () => null],
    ['shorter than the wire format header', () => Buffer.from([0, 0])],
    ['wrong magic byte 1', (whole) => Buffer.concat([Buffer.from([1]), whole.subarray(1)])],
    ['truncated', (whole) => whole.subarray(0, -1)],
    ['3 trailing bytes', (whole) => Buffer.concat([whole, Buffer.from('abc')])],
  ])('a value with %s is a fault that says so', (reason, damage) => {
    const [whole] = fc.sample(arbitraryTick(arbitraryPayloads.rate), 1).map((tick) => encode(tick))
    expect(decoder.decode(damage(whole ?? never()))).toEqual({ kind: 'fault', reason })
  })

  test('refuses an encoder for a topic whose schema nobody registered, and says what to run', async () => {
    await expect(registry.encoder('test.nobody', tickCodec)).rejects.toMatchObject({
      code: 'SCHEMA_REFUSED',
      message: expect.stringContaining('crosstide bootstrap'),
    })
  })

  test('a registry that is away is unavailable, not a refusal', async () => {
    const away = openRegistry('http://127.0.0.1:1')
    await expect(away.ping()).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retriable: true })
    await expect(away.register([topic])).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
    await expect(away.decoder(tickCodec).learn(1)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
  })
})

function never(): never {
  throw new Error('the sample is empty')
}
