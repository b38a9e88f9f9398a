import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { selectPositions } from '../../api/queries/positions.ts'
import { openPool } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'

let own: TestDatabase
let database: ReturnType<typeof openPool>

beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'positions')
  database = openPool(own.url, 'api_ro', silentLog, 1)
})
afterAll(async () => {
  await database.end()
  await own.drop()
})

test('api_ro knows how far the ticks sink has stored each partition of a topic, and until when', async () => {
  await own.pool.query(`
    insert into ingest.offsets (consumer, topic, part, next_offset, tail_timestamp, tail_crc)
    values ('sink-ticks', 'ours', 0, 12345678901, 1795169730123, 1), ('sink-ticks', 'ours', 3, 0, null, null),
           ('sink-ticks', 'another', 1, 7, 1795169730123, 1), ('sink-system', 'ours', 2, 7, 1795169730123, 1)`)
  expect(await selectPositions(database, 'ours')).toEqual(
    new Map([
      [0, { next: 12_345_678_901, untilMs: 1_795_169_730_123 }],
      [3, { next: 0, untilMs: undefined }],
    ]),
  )
})
