import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { addDocument, documentInForce, fileHashOf, newestDocument } from '../../io/control-documents.ts'
import { openPool, type DatabaseRole } from '../../io/postgres.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'

let own: TestDatabase
let writer: ReturnType<typeof openPool>
beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'documents')
  writer = openPool(own.url, 'ingest_rw', silentLog, 4)
})
afterAll(async () => {
  await writer.end()
  await own.drop()
})

const version = (body: unknown, fromFile = false) => ({ body, author: 'tester@here', fromFile })

/** SQLSTATE of what is refused. */
async function refusal(role: DatabaseRole, statement: string): Promise<unknown> {
  const pool = openPool(own.url, role, silentLog, 1)
  try {
    return await pool.query(statement).then(
      () => 'allowed',
      (error: { readonly code?: string }) => error.code,
    )
  } finally {
    await pool.end()
  }
}

describe('documents', () => {
  test('get epochs from 1 on without holes, each document its own, also when many come at once', async () => {
    const added = await Promise.all(Array.from({ length: 12 }, (_, n) => addDocument(writer, 'many', version({ n }))))
    expect(new Set(added)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]))
    expect(await addDocument(writer, 'other', version({}))).toBe(1)
  })

  test('come with a place in the outbox, and are in force once that is marked, the newest of them', async () => {
    for (const n of [1, 2, 3]) await addDocument(writer, 'some', version({ n }))
    expect(await documentInForce(writer, 'some')).toBeUndefined()
    await writer.query("update ingest.outbox set published_at = now() where document_id = 'some' and epoch <= 2")
    expect(await documentInForce(writer, 'some')).toMatchObject({ epoch: 2, body: { n: 2 }, author: 'tester@here' })
    expect(await newestDocument(writer, 'some')).toMatchObject({ epoch: 3, publishedAt: undefined })
  })

  test('tell which content was last taken from a file', async () => {
    expect(await fileHashOf(writer, 'file')).toBeUndefined()
    await addDocument(writer, 'file', version({ a: 1 }, true))
    await addDocument(writer, 'file', version({ a: 2 }))
    // printf '{"a":1}' | sha256sum
    expect(await fileHashOf(writer, 'file')).toBe('015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862')
  })

  test('that are too large for a record are refused', async () => {
    await expect(addDocument(writer, 'large', version('x'.repeat(400_000)))).rejects.toMatchObject({
      code: 'BAD_CONFIG',
    })
    expect(await newestDocument(writer, 'large')).toBeUndefined()
  })

  test('are changed by nobody: who may add one may do nothing else', async () => {
    const statements = [
      'update ingest.documents set author = author',
      'delete from ingest.documents',
      "insert into ingest.documents (document_id, epoch, hash, body, author, from_file) values ('x', 1, '', '{}', '', false)",
      "insert into ingest.outbox (document_id, epoch) values ('many', 1)",
      'update ingest.outbox set epoch = epoch',
      'delete from ingest.outbox',
      'update ingest.control_session set session = 0',
    ]
    for (const statement of statements)
      expect([statement, await refusal('ingest_rw', statement)]).toEqual([statement, '42501'])
  })

  test('are read by the API and not added to', async () => {
    const add = "begin read write; select ingest.add_document('x', '{}', '', '', false)"
    expect(await refusal('api_ro', add)).toBe('42501')
    expect(await refusal('api_ro', 'select * from ingest.documents')).toBe('42501')
    expect(await refusal('api_ro', 'select * from control_documents')).toBe('allowed')
  })

  test('have publishers whose sessions ascend, whatever the clock does', async () => {
    const session = async (): Promise<number> => {
      const { rows } = await writer.query<{ session: string }>('select ingest.next_control_session() as session')
      return Number(rows[0]?.session)
    }
    const first = await session()
    expect(Math.abs(first - Date.now() * 1000)).toBeLessThan(600_000_000)
    // The clock of the next one is an hour behind.
    await own.pool.query('update ingest.control_session set session = session + 3600000000')
    expect(await session()).toBe(first + 3_600_000_001)
  })
})
