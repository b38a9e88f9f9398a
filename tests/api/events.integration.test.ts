import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { DOCUMENTS } from '../../api/documents.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'

const RANGE = 'from=2026-11-20T10:00:00Z&to=2026-11-20T11:00:00Z'
/** Seven events of one moment, by two instances, and one at the end of the range, which is outside. */
const ROWS = `
insert into system_events (service, instance, sequence, time, kind, exchange, message, details, log_offset)
select 'producers', 'host/' || n % 2, n, timestamptz '2026-11-20 10:30Z', case n when 3 then 'DISCONNECTED' else 'NOTE' end,
       case n % 3 when 0 then 'kraken' end, 'number ' || n, jsonb '{"reason":"closed"}', n from generate_series(0, 6) n
union all
select 'api', 'host/9', 0, timestamptz '2026-11-20 11:00Z', 'STARTED', null, 'late', jsonb '{}', 9`

let rig: ApiRig
const events = z.object({ events: z.array(z.object({ message: z.string() })), cursor: z.string().optional() })
const get = async (query: string) => {
  const response = await fetch(`${rig.url}/api/v1/events?${RANGE}&${query}`)
  return { status: response.status, link: response.headers.get('link') ?? '', body: await response.json() }
}
const messages = async (query: string) => events.parse((await get(query)).body).events.map(({ message }) => message)

beforeAll(async () => {
  rig = await startApiRig({
    before: async ({ database }) => void (await database.pool.query(ROWS)),
  })
})
afterAll(() => rig.stop())

test('events come in pages that hold each one once, in the order of time, instance and number', async () => {
  const found: string[] = []
  let pages = 0
  for (let path: string | undefined = `/api/v1/events?${RANGE}&limit=2`; path !== undefined; pages++) {
    const response = await fetch(`${rig.url}${path}`)
    found.push(...events.parse(await response.json()).events.map(({ message }) => message))
    path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
  }
  expect(found).toEqual([0, 2, 4, 6, 1, 3, 5].map((n) => `number ${n}`))
  expect(pages).toBe(4)
})

test('an event is its row, and fits the contract', async () => {
  const { body } = await get('kind=DISCONNECTED')
  expect(DOCUMENTS.events.safeParse(body).error).toBeUndefined()
  expect(body).toMatchObject({
    events: [
      {
        service: 'producers',
        instance: 'host/1',
        sequence: '3',
        time: '2026-11-20T10:30:00.000000Z',
        kind: 'DISCONNECTED',
        exchange: 'kraken',
        message: 'number 3',
        details: { reason: 'closed' },
      },
    ],
  })
})

test('events are those of an exchange or a kind where that is asked for; what is not known is a 400', async () => {
  expect(await messages('exchange=Kraken')).toEqual(['number 0', 'number 6', 'number 3'])
  expect(await messages('exchange=gate')).toEqual([])
  for (const [query, named] of [
    ['kind=SHOUT', 'kind'],
    ['symbol=BTC-USD', 'symbol: unknown'],
  ]) {
    const { status, body } = await get(query ?? '')
    expect([status, body]).toEqual([400, expect.objectContaining({ detail: expect.stringContaining(named ?? '') })])
  }
  const forged = Buffer.from(JSON.stringify(['2026-11-20T10:00:00.000000Z', '\0', 'a', '1'])).toString('base64url')
  expect((await get(`cursor=${forged}`)).status).toBe(400)
})
