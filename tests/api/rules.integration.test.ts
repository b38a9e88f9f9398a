import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { DOCUMENTS, problem } from '../../api/documents.ts'
import { LOCAL } from '../../api/access.ts'
import { newestDocument } from '../../io/control-documents.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { openRegistry } from '../../io/registry.ts'
import { systemEventCodec } from '../../schemas/codec.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { allOf, kafkaOptions } from '../support/kafka.ts'
import { lenient, ruleOf } from '../support/rules.ts'

const KEY = 'a-key-that-may-write-01234567'
const READER = 'a-key-that-may-only-read-0123'
const OTHER = 'another-key-that-may-write-01'
const hash = (key: string): string => createHash('sha256').update(key).digest('hex')
const RULES = '/api/v1/rules'

let rig: ApiRig
let guarded: ApiRig
beforeAll(async () => {
  const requestsPerMinute = { loopback: 60_000, others: 60_000, writes: 10_000 }
  const local = { ...LOCAL, localKeyHash: hash(KEY) }
  const keys = [
    { name: 'writer', hash: hash(KEY), scope: 'write' as const },
    { name: 'other', hash: hash(OTHER), scope: 'write' as const },
    { name: 'reader', hash: hash(READER) },
  ]
  ;[rig, guarded] = await Promise.all([
    startApiRig({ access: local, requestsPerMinute, judge: lenient }),
    startApiRig({
      access: { ...LOCAL, keys, origins: ['https://example.org'] },
      requestsPerMinute: { ...requestsPerMinute, writes: 3 },
      judge: lenient,
    }),
  ])
})
afterAll(() => Promise.all([rig.stop(), guarded.stop()]))

type Given = { readonly key?: string | undefined; readonly headers?: Record<string, string>; readonly at?: ApiRig }

async function send(method: string, path: string, body?: unknown, { key = KEY, headers = {}, at = rig }: Given = {}) {
  const response = await fetch(`${at.url}${path}`, {
    method,
    headers: {
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  }
}

const post = (body: unknown, given?: Given) => send('POST', RULES, body, given)
const put = (id: string, body: unknown, ifMatch: string, given: Given = {}) =>
  send('PUT', `${RULES}/${id}`, body, { ...given, headers: { 'if-match': ifMatch, ...given.headers } })
const act = (id: string, verb: string, body?: unknown) => send('POST', `${RULES}/${id}/${verb}`, body)
const shown = (body: unknown) => DOCUMENTS.rule.parse(body).rule
const codeOf = ({ status, body }: { readonly status: number; readonly body: unknown }) => [
  status,
  problem.parse(body).code,
]
const set = async (): Promise<string> => JSON.stringify((await newestDocument(rig.database.pool, 'rules'))?.body ?? '')

describe('a rule', () => {
  test('is there with its ETag once it was answered with 201, and active as a whole set in the outbox', async () => {
    const rule = ruleOf('posted')
    const made = await post(rule)
    expect([made.status, made.headers.get('location')]).toEqual([201, `${RULES}/posted`])
    const { hash: etag, activation, document, author } = shown(made.body)
    expect(made.headers.get('etag')).toBe(`"${etag}"`)
    expect({ document, author }).toEqual({ document: rule, author: 'local' })
    expect(activation).toMatchObject({ state: 'waiting', activeVersion: 1 })
    expect(DOCUMENTS.rule.parse(made.body).diagnostics).toMatchObject([{ code: 'W806' }])
    const read = await send('GET', `${RULES}/posted`, undefined, { key: '' })
    expect([read.status, read.headers.get('etag')]).toEqual([200, `"${etag}"`])
    expect(await set()).toContain('"id":"posted"')
  })

  test('is replaced by who has read it, and by nobody else', async () => {
    const etag = (await post(ruleOf('replaced'))).headers.get('etag') ?? ''
    const path = `${RULES}/replaced`
    const blind = await send('PUT', path, ruleOf('replaced', 2))
    expect(codeOf(blind)).toEqual([428, 'PRECONDITION_REQUIRED'])
    expect(problem.parse(blind.body).detail).toMatch(/If-Match.*ETag/)
    expect(codeOf(await put('replaced', ruleOf('replaced', 2), '"other"'))).toEqual([412, 'CHANGED_MEANWHILE'])
    expect(codeOf(await put('replaced', ruleOf('replaced', 2), `W/${etag}`))).toEqual([412, 'CHANGED_MEANWHILE'])
    expect(codeOf(await put('replaced', ruleOf('replaced', 2), 'other'))).toEqual([400, 'BAD_PARAMETER'])
    expect(codeOf(await put('nobody', ruleOf('nobody'), '*'))).toEqual([412, 'CHANGED_MEANWHILE'])
    const [mine, yours] = await Promise.all([11, 12].map((bps) => put('replaced', ruleOf('replaced', 2, bps), etag)))
    expect(new Set([mine?.status, yours?.status])).toEqual(new Set([200, 412]))
    // Version 2 says something else already, which a stale writer learns by reading again.
    const late = await put('replaced', ruleOf('replaced', 2, 13), etag)
    expect(codeOf(late)).toEqual([412, 'CHANGED_MEANWHILE'])
    const now = (await send('GET', path)).headers.get('etag') ?? ''
    expect(problem.parse(late.body).detail).toContain(`If-Match is not ${now}`)
    expect(codeOf(await put('replaced', ruleOf('replaced', 2, 13), now))).toEqual([422, 'INVALID_RULE'])
    const winner = mine?.status === 200 ? mine : yours
    expect(shown(winner?.body).activation).toMatchObject({ activeVersion: 2, previousVersion: 1 })
  })

  test('whose answer was lost is the same for who sends it again', async () => {
    const etag = (await post(ruleOf('again'))).headers.get('etag') ?? ''
    const first = await put('again', ruleOf('again', 2), etag)
    const second = await put('again', ruleOf('again', 2), etag)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
  })

  test('sent twice with one Idempotency-Key is made once; another request under it is refused', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const answers = await Promise.all([1, 2, 3].map(() => post(ruleOf('once'), { headers })))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(codeOf(await post(ruleOf('twice'), { headers }))).toEqual([422, 'KEY_REUSED'])
    expect(codeOf(await post(ruleOf('once')))).toEqual([409, 'CONFLICT'])
    expect(codeOf(await post(ruleOf('bad'), { headers: { 'idempotency-key': 'ä b' } }))).toEqual([400, 'BAD_PARAMETER'])
    const { rows } = await rig.database.pool.query("select action from rule_changes where rule_id = 'once'")
    expect(rows).toEqual([{ action: 'create' }])
  })

  test('that is wrong is refused with all that is wrong, and nothing is kept', async () => {
    const wrong = await post(ruleOf('wrong', 1, 10, { tags: ['wrong'] }))
    expect(codeOf(wrong)).toEqual([422, 'INVALID_RULE'])
    expect(problem.parse(wrong.body).diagnostics).toEqual([
      { code: 'E102', pointer: '/when', from: 0, to: 4, message: 'There is no "pric".' },
      { code: 'W806', pointer: '/tests', message: 'It has no test.' },
    ])
    expect(codeOf(await send('GET', `${RULES}/wrong`))).toEqual([404, 'UNKNOWN_RULE'])
  })

  test('whose tests fail may be kept, and not be activated', async () => {
    const failing = ruleOf('failing', 1, 10, { tags: ['failing'] })
    expect(codeOf(await post(failing))).toEqual([422, 'INVALID_RULE'])
    const kept = await send('POST', `${RULES}?activate=false`, failing)
    expect([kept.status, DOCUMENTS.rule.parse(kept.body).diagnostics?.[0]?.code]).toEqual([201, 'E701'])
    for (const body of [{}, { shadow: true }])
      expect(codeOf(await act('failing', 'activate', body))).toEqual([422, 'INVALID_RULE'])
  })

  test('has versions that never change: an old or a used one is E208', async () => {
    const etag = (await post(ruleOf('versions', 3))).headers.get('etag') ?? ''
    for (const [version, bps] of [
      [2, 1],
      [3, 99],
    ] as const) {
      const refused = await put('versions', ruleOf('versions', version, bps), etag)
      expect(codeOf(refused)).toEqual([422, 'INVALID_RULE'])
      expect(problem.parse(refused.body).diagnostics).toContainEqual(
        expect.objectContaining({ code: 'E208', pointer: '/version' }),
      )
    }
    expect(codeOf(await put('versions', ruleOf('other', 4), etag))).toEqual([422, 'INVALID_RULE'])
    await put('versions', ruleOf('versions', 4), etag)
    const page = await send('GET', `${RULES}/versions/versions?limit=1`)
    const { versions, cursor } = DOCUMENTS.ruleVersions.parse(page.body)
    expect(versions.map(({ version }) => version)).toEqual([4])
    const rest = await send('GET', `${RULES}/versions/versions?limit=5&cursor=${cursor ?? ''}`)
    expect(DOCUMENTS.ruleVersions.parse(rest.body).versions.map(({ version }) => version)).toEqual([3])
  })

  test('is activated, shadowed, silenced and rolled back; each says where it stands', async () => {
    const etag = (await post(ruleOf('moved'))).headers.get('etag') ?? ''
    await send('PUT', `${RULES}/moved?activate=false`, ruleOf('moved', 2, 20), { headers: { 'if-match': etag } })
    const state = async (verb: string, body?: unknown) => {
      const answer = await act('moved', verb, body)
      return answer.status === 200 ? shown(answer.body).activation : codeOf(answer)
    }
    expect(await state('rollback')).toEqual([409, 'CONFLICT'])
    expect(await state('activate', { version: 2, shadow: true })).toMatchObject({ activeVersion: 1, shadowVersion: 2 })
    expect(await state('activate')).toMatchObject({ activeVersion: 2, previousVersion: 1 })
    expect(await state('rollback', {})).toMatchObject({ activeVersion: 1, previousVersion: 2 })
    expect(await state('deactivate')).toMatchObject({ state: 'inactive' })
    expect(await state('activate', { version: 9 })).toEqual([404, 'UNKNOWN_RULE'])
    expect(await state('activate', { verison: 2 })).toEqual([400, 'BAD_PARAMETER'])
    expect(await set()).not.toContain('"id":"moved"')
  })

  test('is deleted by who has read it; its versions stay, and a higher one may come back', async () => {
    const etag = (await post(ruleOf('gone'))).headers.get('etag') ?? ''
    expect(codeOf(await send('DELETE', `${RULES}/gone`))).toEqual([428, 'PRECONDITION_REQUIRED'])
    expect(codeOf(await send('DELETE', `${RULES}/gone`, undefined, { headers: { 'if-match': '"x"' } }))[0]).toBe(412)
    const headers = { 'if-match': etag }
    expect((await send('DELETE', `${RULES}/gone`, undefined, { headers })).status).toBe(204)
    expect(codeOf(await send('GET', `${RULES}/gone`))).toEqual([404, 'UNKNOWN_RULE'])
    expect((await send('GET', `${RULES}/gone/versions`)).status).toBe(200)
    expect((await send('GET', `${RULES}/gone/stats`)).status).toBe(200)
    expect(codeOf(await post(ruleOf('gone')))).toEqual([422, 'INVALID_RULE'])
    expect((await post(ruleOf('gone', 2))).status).toBe(201)
    expect(codeOf(await send('DELETE', `${RULES}/never`, undefined, { headers }))).toEqual([404, 'UNKNOWN_RULE'])
  })

  test('that nobody wrote is judged without a key, and not kept', async () => {
    const judged = await send('POST', `${RULES}/validate`, ruleOf('judged'), { key: '' })
    expect(DOCUMENTS.ruleVerdict.parse(judged.body)).toMatchObject({ isValid: true, runsTests: false })
    // They may take seconds: who may not write does not have them run.
    const keyed = await send('POST', `${RULES}/validate`, ruleOf('judged'))
    expect(DOCUMENTS.ruleVerdict.parse(keyed.body).runsTests).toBe(true)
    const wrong = await send('POST', `${RULES}/validate`, { id: 7 }, { key: '' })
    expect([wrong.status, DOCUMENTS.ruleVerdict.parse(wrong.body).isValid]).toEqual([200, false])
    expect((await send('GET', `${RULES}/judged`)).status).toBe(404)
  })

  test('is listed by id, in pages', async () => {
    for (const id of ['z-1', 'z-2', 'z-3']) await post(ruleOf(id))
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page = await send('GET', `${RULES}?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      const parsed = DOCUMENTS.rules.parse(page.body)
      ids.push(...parsed.rules.map(({ id }) => id))
      cursor = parsed.cursor
    } while (cursor !== undefined)
    expect(ids).toEqual([...new Set(ids)].toSorted())
    expect(ids.slice(-3)).toEqual(['z-1', 'z-2', 'z-3'])
  })

  test('tells how far it has come, by what the log and the processors say', async () => {
    await post(ruleOf('followed'))
    const state = async () => shown((await send('GET', `${RULES}/followed`)).body).activation
    expect((await state()).state).toBe('waiting')
    await rig.database.pool.query("update ingest.outbox set published_at = now() where document_id = 'rules'")
    expect(await state()).toMatchObject({
      state: 'published',
      publishedAt: z.string().parse((await state()).publishedAt),
    })
    const say = (finding: string, partition: number, details: object) =>
      rig.database.pool.query(
        `insert into system_events (service, instance, sequence, time, kind, message, details, log_offset)
         values ('market', $1, extract(epoch from clock_timestamp()) * 1e6, clock_timestamp(), 'QUALITY', '', $2, 0)`,
        [`market partition ${partition}`, { finding, ...details }],
      )
    const active = (partition: number, version: number) =>
      say('RULE_ACTIVE', partition, { ruleId: 'followed', version: String(version), shadow: 'false' })
    const { epoch } = await state()
    for (const partition of [0, 1])
      await say('RULES_IN_FORCE', partition, { documentId: 'rules', epoch: String(epoch) })
    expect((await state()).state).toBe('listening')
    await active(1, 1)
    expect((await state()).state).toBe('listening')
    await active(0, 1)
    expect(await state()).toMatchObject({ state: 'in_force', inForceSince: expect.stringMatching(/^\d{4}-/) })
    // A version in the shadow changes nothing of the one that speaks.
    await send('PUT', `${RULES}/followed?activate=false`, ruleOf('followed', 2), { headers: { 'if-match': '*' } })
    await act('followed', 'activate', { shadow: true })
    expect((await state()).state).toBe('in_force')
    // Whoever speaks goes on until another takes over: back to it before that, it still does.
    await act('followed', 'activate')
    expect((await state()).state).toBe('waiting')
    await act('followed', 'rollback')
    expect((await state()).state).toBe('in_force')
    await act('followed', 'deactivate')
    await act('followed', 'activate', { version: 1 })
    expect((await state()).state).toBe('waiting')
  })
})

describe('who may', () => {
  test('write needs a key that may, on this machine too; readers need none where none is asked for', async () => {
    for (const [method, path] of [
      ['POST', RULES],
      ['PUT', `${RULES}/x`],
      ['DELETE', `${RULES}/x`],
      ['POST', `${RULES}/x/activate`],
      ['POST', `${RULES}/x/deactivate`],
      ['POST', `${RULES}/x/rollback`],
    ] as const) {
      expect([path, ...codeOf(await send(method, path, {}, { key: '' }))]).toEqual([path, 401, 'UNAUTHORIZED'])
      expect([path, ...codeOf(await send(method, path, {}, { key: `${KEY}x` }))]).toEqual([path, 401, 'UNAUTHORIZED'])
      expect([path, ...codeOf(await send(method, path, {}, { key: READER, at: guarded }))]).toEqual([
        path,
        403,
        'FORBIDDEN',
      ])
    }
    expect((await send('GET', RULES, undefined, { key: '' })).status).toBe(200)
    expect((await send('GET', RULES, undefined, { key: '', at: guarded })).status).toBe(401)
    expect((await send('GET', RULES, undefined, { key: READER, at: guarded })).status).toBe(200)
  })

  test('write may do so less often than look, each key by itself', async () => {
    const ask = (key: string) => act2(key)
    const act2 = (key: string) => send('POST', `${RULES}/nobody/rollback`, undefined, { key, at: guarded })
    for (let n = 0; n < 3; n++) expect((await ask(OTHER)).status).toBe(404)
    const refused = await ask(OTHER)
    expect(codeOf(refused)).toEqual([429, 'TOO_MANY_REQUESTS'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask(KEY)).status).toBe(404)
    expect((await send('GET', RULES, undefined, { key: OTHER, at: guarded })).status).toBe(200)
  })

  test('is told by each path: Allow, and to pages of named origins the preflight', async () => {
    const refused = await send('PATCH', `${RULES}/x`, {}, { at: guarded })
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, DELETE'])
    const validate = await send('GET', `${RULES}/validate`, undefined, { at: guarded })
    expect([validate.status, validate.headers.get('allow')]).toEqual([405, 'POST'])
    const preflight = async (path: string, origin: string) => {
      const headers = { origin, 'access-control-request-method': 'PUT' }
      const { status, headers: answer } = await send('OPTIONS', path, undefined, { key: '', headers, at: guarded })
      return [status, answer.get('access-control-allow-methods'), answer.get('access-control-allow-headers')]
    }
    expect(await preflight(`${RULES}/x`, 'https://example.org')).toEqual([
      204,
      'GET, HEAD, PUT, DELETE',
      'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id',
    ])
    expect(await preflight('/api/v1/prices', 'https://example.org')).toEqual([
      204,
      'GET, HEAD',
      'Authorization, If-None-Match, X-Request-Id',
    ])
    expect(await preflight(`${RULES}/x`, 'https://example.com')).toEqual([401, null, null])
  })

  test('did what is on record as an event', async () => {
    await post(ruleOf('audited'))
    const ranges = await openRanges(kafkaOptions(inject('stack').brokers))
    const decoder = openRegistry(inject('stack').registry).decoder(systemEventCodec)
    const records = async () => {
      const found = await allOf(ranges, { topic: rig.topics.system.name, partition: 0 })
      const [id] = found.flatMap(({ value }) => (value === null ? [] : [value.readInt32BE(1)]))
      if (id !== undefined) await decoder.learn(id)
      return found.flatMap(({ value }) => {
        const decoded = decoder.decode(value)
        return decoded.kind === 'value' && decoded.value.details['rule'] === 'audited' ? [decoded.value] : []
      })
    }
    await expect.poll(records, { timeout: 10_000 }).toHaveLength(1)
    expect((await records())[0]).toMatchObject({
      kind: 'NOTE',
      details: { audit: 'rule_create', by: 'local', version: '1', before: '', active: '1' },
    })
    await ranges.close()
  })
})

describe('hostile input', () => {
  const deep = `${'['.repeat(40_000)}${']'.repeat(40_000)}`
  test.each([
    ['nothing', '', 422],
    ['no JSON', '{"id":', 400],
    ['a text', '"x"', 400],
    ['null', 'null', 400],
    ['a list', '[]', 422],
    ['an empty object', '{}', 422],
    ['what is nested 40,000 deep', `{"let":${deep}}`, 422],
    ['a NUL', JSON.stringify(ruleOf('nul', 1, 1, { name: 'a\0b' })), 422],
    ['half a surrogate', JSON.stringify(ruleOf('half')).replace('Spread', '\\ud800'), 422],
    ['infinity', JSON.stringify(ruleOf('infinite')).replace('"version":1', '"version":1e999'), 422],
    ['a prototype', JSON.stringify(ruleOf('proto')).replace('{', '{"__proto__":{"polluted":1},'), 422],
    ['a reserved id', JSON.stringify(ruleOf('validate')), 422],
    ['an id of another shape', JSON.stringify(ruleOf('../x')), 422],
    ['a version beyond integers', JSON.stringify(ruleOf('big', 2 ** 53)), 422],
  ])('%s is refused, and is no failure of ours', async (_, body, status) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await post(body, { headers })
    expect([answer.status, problem.parse(answer.body).status]).toEqual([status, status])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  test('of more than 100 kB is a 413, of another type a 415', async () => {
    expect(codeOf(await post(ruleOf('large', 1, 1, { name: 'x'.repeat(110_000) })))).toEqual([413, 'BODY_TOO_LARGE'])
    const text = { headers: { 'content-type': 'text/plain' } }
    expect(codeOf(await post('{}', text))).toEqual([415, 'NOT_JSON'])
    expect(codeOf(await send('POST', RULES))).toEqual([415, 'NOT_JSON'])
  })

  test('drawn at random, in every place of a rule, is refused or taken, never a failure', async () => {
    const hostile = [
      null,
      '',
      'x'.repeat(5000),
      1e308,
      -0,
      [],
      {},
      { a: { b: [] } },
      true,
      '\u2028',
      ['x', 1],
      'DROP TABLE rules',
    ]
    const rule: Record<string, unknown> = { ...ruleOf('fuzzed'), let: { a: 'bid' }, hold: '5s', tags: ['x'] }
    const statuses = new Set<number>()
    for (const name of Object.keys(rule))
      for (const [at, value] of hostile.entries()) {
        const answer = await post({ ...rule, id: `fuzzed-${name.toLowerCase()}-${at}`, [name]: value })
        statuses.add(answer.status)
      }
    expect([...statuses].filter((status) => status !== 201)).toEqual([422])
  })
})
