import fc from 'fast-check'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bigintArray, booleanArray, numericArray, textArray, timestampArray } from '../../consumers/arrays.ts'
import { micros } from '../../core/time.ts'
import { arbitraryMicros } from '../support/arbitraries.ts'

let client: Client
beforeAll(async () => {
  client = new Client({ connectionString: inject('stack').database })
  await client.connect()
})
afterAll(() => client.end())

/** What the server reads from a parameter, element by element, as text. */
const read = async (type: string, parameter: string | Buffer, show = 'v::text') =>
  (await client.query<{ v: string | null }>(`select ${show} as v from unnest($1::${type}[]) v`, [parameter])).rows.map(
    ({ v }) => v,
  )

describe('column arrays reach the server as they are', () => {
  test('texts, whatever their characters', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.option(
            fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\u0000', '')),
            { nil: undefined },
          ),
        ),
        async (values) => {
          expect(await read('text', textArray(values))).toEqual(values.map((value) => value ?? null))
        },
      ),
    ))

  test('numbers, as the shortest decimal that reads back', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined })),
        async (values) => {
          expect(
            (await read('numeric', numericArray(values))).map((text) => (text === null ? undefined : Number(text))),
          ).toEqual(values.map((value) => (value === 0 ? 0 : value)))
        },
      ),
    ))

  test('integers up to 2^53, negative ones too', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.maxSafeInteger()), async (values) => {
        expect(await read('bigint', bigintArray(values))).toEqual(values.map(String))
      }),
    ))

  test('times to the microsecond, before and after the year 2000', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(arbitraryMicros, fc.integer({ min: 0, max: 946_684_800_000_000 }).map(micros))),
        async (values) => {
          expect(
            await read('timestamptz', timestampArray(values), '(extract(epoch from v) * 1000000)::bigint::text'),
          ).toEqual(values.map(String))
        },
      ),
    ))

  test('booleans', async () => {
    expect(await read('boolean', booleanArray([true, false, true]))).toEqual(['true', 'false', 'true'])
  })
})
