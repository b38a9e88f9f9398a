import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { PoolClient } from 'pg'
import { openPool } from '../../io/postgres.ts'
import { writeRules, type DeskDeps, type DeskOutcome } from '../../io/rules-desk.ts'
import type { Judge } from '../../io/rules-world.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { lenient, ruleOf } from '../support/rules.ts'

let own: TestDatabase
let pool: ReturnType<typeof openPool>
let audited: string[]
beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'desk')
  pool = openPool(own.url, 'api_rw', silentLog, 4)
})
afterAll(async () => {
  await pool.end()
  await own.drop()
})

const by = { author: 'tester@here', fromFile: false }

/** `connect`: in the place of the pool's. */
function deskOf({
  judge = lenient,
  connect = () => pool.connect(),
}: { judge?: Judge; connect?: typeof pool.connect } = {}): DeskDeps {
  audited = []
  const database: DeskDeps['database'] = { connect }
  return { database, reading: pool, judge, audit: (_by, { action, id }) => void audited.push(`${action} ${id}`) }
}

/** A connection that is cut when something is asked of it: before it arrives, or once it is done and not yet answered. */
async function cutAt(what: string, when: 'before' | 'after'): Promise<PoolClient> {
  const client = await pool.connect()
  return new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...given: readonly unknown[]): Promise<unknown> => {
        const isCut = name === 'query' && given[0] === what
        if (isCut && when === 'before') throw Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' })
        const result: unknown = await Reflect.apply(member, target, given)
        if (isCut) throw Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' })
        return result
      }
    },
  })
}

const create = (desk: DeskDeps, id: string, key: string): Promise<DeskOutcome> =>
  writeRules(desk, by, [{ document: ruleOf(id), mode: { kind: 'create' }, activate: true }], { key, fingerprint: id })
const rows = async (query: string): Promise<number> => (await own.pool.query(query)).rowCount ?? 0

describe('a writer who is cut off', () => {
  test('between the commit and its answer has written; its repeat says so and writes nothing', async () => {
    const cut = deskOf({ connect: () => cutAt('commit', 'after') })
    await expect(create(cut, 'committed', 'k1')).rejects.toThrow('terminated')
    expect(await rows("select from rules where rule_id = 'committed'")).toBe(1)
    expect(await create(deskOf(), 'committed', 'k1')).toMatchObject({
      kind: 'done',
      isRepeat: true,
      told: [{ id: 'committed' }],
    })
    expect(await rows("select from rule_changes where rule_id = 'committed'")).toBe(1)
    expect(await create(deskOf(), 'another', 'k1')).toEqual({ kind: 'key_reused' })
  })

  test('before the commit has written nothing; its repeat writes, once', async () => {
    const cut = deskOf({ connect: () => cutAt('commit', 'before') })
    await expect(create(cut, 'lost', 'k2')).rejects.toThrow('terminated')
    expect(audited).toEqual([])
    expect(await rows("select from rules where rule_id = 'lost'")).toBe(0)
    expect(await create(deskOf(), 'lost', 'k2')).toMatchObject({ kind: 'done', isRepeat: false })
    expect(audited).toEqual(['create lost'])
    expect(await rows("select from rule_changes where rule_id = 'lost'")).toBe(1)
  })
})

describe('rules that together take', () => {
  /** Each takes 60 MiB, as it says. */
  const heavy: Judge = (document, around) => ({
    ...lenient(document, around),
    bound: { bytesPerKey: 1, keys: 1, bytes: 60 * 2 ** 20, warmUpMicros: 0, horizonMicros: 0, cost: 'high' },
  })

  test('more memory than a partition has for them are refused as a whole, those in the shadow too', async () => {
    const apply = (count: number, activate: boolean) =>
      writeRules(
        deskOf({ judge: heavy }),
        by,
        Array.from({ length: count }, (_, n) => ({
          document: ruleOf(`heavy-${n}`),
          mode: { kind: 'apply' } as const,
          activate,
        })),
      )
    // 9 times 60 are 540 MiB, 512 may be; 8 are 480.
    expect(await apply(9, true)).toMatchObject({ kind: 'too_large', what: 'state', bytes: 540 * 2 ** 20 })
    expect(await rows("select from rules where rule_id like 'heavy%'")).toBe(0)
    expect(await apply(8, true)).toMatchObject({ kind: 'done' })
    expect(await apply(9, false)).toMatchObject({ kind: 'done' })
  })
})
