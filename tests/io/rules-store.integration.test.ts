import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Rule } from '../../core/rules/document.ts'
import type { Wish } from '../../core/rules/standing.ts'
import { hashOfDocument, newestDocument } from '../../io/control-documents.ts'
import { openPool } from '../../io/postgres.ts'
import { changeRules, hashOfRule, type Outcome } from '../../io/rules-store.ts'
import { createTestDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { ruleOf } from '../support/rules.ts'

let own: TestDatabase
let pool: ReturnType<typeof openPool>
beforeAll(async () => {
  own = await createTestDatabase(inject('stack').database, 'rules')
  pool = openPool(own.url, 'api_rw', silentLog, 8)
})
afterAll(async () => {
  await pool.end()
  await own.drop()
})

const by = { author: 'tester@here', fromFile: false }
const draftOf = (rule: Rule) => ({
  id: rule.id,
  version: rule.version,
  hash: hashOfRule(rule),
  isEnabled: rule.enabled,
})

/** Refused: nothing of it is kept. */
const ask = (wish: Wish, document?: unknown): Promise<Outcome<unknown>> =>
  changeRules(pool, by, async (book) => {
    const granted = book.ask(wish, document)
    return 'refusal' in granted ? { keep: false, result: granted.refusal } : { keep: true, result: undefined }
  })
const create = (rule: Rule) => ask({ kind: 'create', draft: draftOf(rule) }, rule)
const update = (rule: Rule, ...ifMatch: readonly string[]) =>
  ask({ kind: 'update', draft: draftOf(rule), ifMatch: ifMatch.length === 0 ? undefined : ifMatch }, rule)
const epochOf = (outcome: Outcome<unknown>): unknown => (outcome.kind === 'done' ? outcome.epoch : outcome)
const set = () => newestDocument(own.pool, 'rules')
const column = async (query: string): Promise<readonly unknown[]> =>
  (await own.pool.query<Record<string, unknown>>(query)).rows.flatMap((row) => Object.values(row))

describe('the rules', () => {
  test('that are active are one document, whole, sorted by id, enabled, and every change of it is an epoch', async () => {
    expect(epochOf(await create(ruleOf('b')))).toBe(1)
    expect(epochOf(await create(ruleOf('a')))).toBe(2)
    expect(epochOf(await create(ruleOf('c', 1, 10, { enabled: false })))).toBeUndefined()
    expect(epochOf(await ask({ kind: 'activate', id: 'c', version: 1, shadow: true }))).toBe(3)
    const found = await set()
    expect(found?.body).toEqual({ rules: [ruleOf('a'), ruleOf('b')], shadow: [ruleOf('c')] })
    expect(found).toMatchObject({ epoch: 3, author: 'tester@here', publishedAt: undefined })
    expect(found?.hash).toBe(hashOfDocument({ rules: [ruleOf('a'), ruleOf('b')], shadow: [ruleOf('c')] }))
    expect(
      await column("select document_id || epoch from ingest.outbox where document_id = 'rules' order by 1"),
    ).toEqual(['rules1', 'rules2', 'rules3'])
  })

  test('that are refused leave no trace', async () => {
    const before = await column('select count(*)::int from rules union all select count(*)::int from rule_changes')
    expect(await create(ruleOf('a', 9))).toEqual({ kind: 'abandoned', result: { kind: 'exists' } })
    expect(await update(ruleOf('a', 1, 99))).toMatchObject({ result: { kind: 'other_content' } })
    expect(await column('select count(*)::int from rules union all select count(*)::int from rule_changes')).toEqual(
      before,
    )
    expect((await set())?.epoch).toBe(3)
  })

  test('are read back as they were written, names in their order', async () => {
    const rule = ruleOf('ordered', 1, 10, { let: { z: 'bid', a: 'ask' } })
    await create(rule)
    expect(await column("select document::text from rules where rule_id = 'ordered'")).toEqual([JSON.stringify(rule)])
  })

  test('of two writers who read the same one is refused, and no rule is lost', async () => {
    await create(ruleOf('race'))
    const hash = hashOfRule(ruleOf('race'))
    const outcomes = await Promise.all([11, 12, 13, 14].map((bps) => update(ruleOf('race', 2, bps), hash)))
    expect(outcomes.filter(({ kind }) => kind === 'done')).toHaveLength(1)
    expect(outcomes.filter((one) => one.kind === 'abandoned')).toMatchObject([
      { result: { kind: 'stale' } },
      { result: { kind: 'stale' } },
      { result: { kind: 'stale' } },
    ])
    const many = await Promise.all(Array.from({ length: 12 }, (_, n) => create(ruleOf(`many-${n}`))))
    const epochs = many.map(epochOf)
    expect(new Set(epochs).size).toBe(12)
    const body = JSON.stringify((await set())?.body)
    for (let n = 0; n < 12; n++) expect(body).toContain(`"id":"many-${n}"`)
  })

  test('leave on record who did what', async () => {
    await create(ruleOf('told'))
    await update(ruleOf('told', 2, 20), hashOfRule(ruleOf('told')))
    await ask({ kind: 'rollback', id: 'told' })
    await ask({ kind: 'delete', id: 'told', ifMatch: undefined })
    const [one, two] = [hashOfRule(ruleOf('told')), hashOfRule(ruleOf('told', 2, 20))]
    const { rows } = await own.pool.query(
      `select author, action, version::int, before_hash, after_hash, active_version::int as active
         from rule_changes where rule_id = 'told' order by change_id`,
    )
    const author = 'tester@here'
    expect(rows).toEqual([
      { author, action: 'create', version: 1, before_hash: null, after_hash: one, active: 1 },
      { author, action: 'update', version: 2, before_hash: one, after_hash: two, active: 2 },
      { author, action: 'rollback', version: 1, before_hash: two, after_hash: two, active: 1 },
      { author, action: 'delete', version: null, before_hash: two, after_hash: two, active: null },
    ])
  })

  test('that no record could carry are refused as a whole', async () => {
    // Letters that no compression makes fewer, 10 kB a rule.
    const noise = (n: number): string => {
      let state = n + 1
      return Array.from({ length: 500 }, () => {
        state = (state * 48_271) % 2_147_483_647
        return state.toString(36)
      }).join(' ')
    }
    const before = (await set())?.epoch
    const outcome = await changeRules(pool, by, async (book) => {
      for (let n = 0; n < 80; n++) {
        const rule = ruleOf(`large-${n}`, 1, 10, {
          emit: {
            type: 'x',
            fields: { a: `'${noise(3 * n)}'`, b: `'${noise(3 * n + 1)}'`, c: `'${noise(3 * n + 2)}'` },
          },
        })
        book.ask({ kind: 'create', draft: draftOf(rule) }, rule)
      }
      return { keep: true, result: undefined }
    })
    expect(outcome).toMatchObject({ kind: 'too_large' })
    expect((await set())?.epoch).toBe(before)
    expect(await column("select rule_id from rules where rule_id like 'large%'")).toEqual([])
  })

  test('wait for nobody for ever: who holds the lock makes others busy', async () => {
    const held = await own.pool.connect()
    await held.query("begin; select pg_advisory_xact_lock(hashtextextended('crosstide document rules', 0))")
    expect(await create(ruleOf('waits'))).toEqual({ kind: 'busy' })
    await held.query('rollback')
    held.release()
    expect(await create(ruleOf('waits'))).toMatchObject({ kind: 'done' })
  })

  test('are not at the epoch that was expected: nothing is added', async () => {
    const added = pool.query("select ingest.add_rule_set('{}', '', '', false, 0)")
    await expect(added).rejects.toMatchObject({ code: '40001' })
  })

  test('are changed by api_rw alone, and their versions by nobody', async () => {
    const refusals = async (role: 'api_ro' | 'api_rw' | 'ingest_rw', statements: readonly string[]) => {
      const other = openPool(own.url, role, silentLog, 1)
      const codes = []
      for (const statement of statements)
        codes.push(
          await other.query(statement).then(
            () => 'allowed',
            (error: { readonly code?: string }) => error.code,
          ),
        )
      await other.end()
      return codes
    }
    const never = [
      'update rules set author = author',
      'delete from rules',
      'update rule_changes set author = author',
      "select ingest.add_document('arbitrage', '{}', '', '', false)",
      "insert into ingest.documents (document_id, epoch, hash, body, author, from_file) values ('x', 1, '', '{}', '', false)",
    ]
    expect(await refusals('api_rw', never)).toEqual(never.map(() => '42501'))
    const writes = ['update rule_states set deleted = deleted', "select ingest.add_rule_set('{}', '', '', false, 0)"]
    for (const role of ['api_ro', 'ingest_rw'] as const)
      expect(
        await refusals(
          role,
          writes.map((one) => `begin read write; ${one}`),
        ),
      ).toEqual(['42501', '42501'])
  })
})
