import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { LOCAL, assertAccess, findKey, isLoopback, keyOf, keysOf } from '../../api/access.ts'
import { refusalOf } from '../../api/sockets.ts'

const KEYS = [
  { name: 'alice', hash: 'b'.repeat(64) },
  { name: 'bob', hash: createHash('sha256').update('0123456789abcdef').digest('hex') },
]

describe('keys', () => {
  test.each([
    ['Bearer 0123456789abcdef', 'bob'],
    ['bearer 0123456789abcdef', 'bob'],
    ['Bearer 0123456789abcdeF', undefined],
    ['Bearer 0123456789abcde', undefined],
    ['Bearer  0123456789abcdef', undefined],
    ['Basic 0123456789abcdef', undefined],
    [`Bearer ${'b'.repeat(64)}`, undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is the key of %s', (header, name) => expect(keyOf(header, KEYS)).toBe(name))

  test('of one name are one reader: the old and the new one both open while he changes over', () => {
    const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')
    const rotating = [
      { name: 'bob', hash: hashOf('0123456789abcdef') },
      { name: 'bob', hash: hashOf('fedcba9876543210') },
    ]
    expect(keyOf('Bearer 0123456789abcdef', rotating)).toBe('bob')
    expect(keyOf('Bearer fedcba9876543210', rotating)).toBe('bob')
    expect(keyOf('Bearer 0123456789abcdef', rotating.slice(1))).toBeUndefined()
  })

  test('that this machine made opens writing and reading, and asks no reader for one', () => {
    const hash = createHash('sha256').update('the-key-of-this-machine').digest('hex')
    const authorization = 'Bearer the-key-of-this-machine'
    expect(findKey(authorization, keysOf({ ...LOCAL, localKeyHash: hash }))).toMatchObject({ scope: 'write' })
    expect(findKey(authorization, keysOf(LOCAL))).toBeUndefined()
    const headers = { host: '127.0.0.1' }
    expect(refusalOf({ url: '/ws', headers }, 0, { ...LOCAL, localKeyHash: hash })).toBeUndefined()
    const guarded = { ...LOCAL, keys: KEYS, localKeyHash: hash }
    expect(refusalOf({ url: '/ws', headers: { ...headers, authorization } }, 0, guarded)).toBeUndefined()
    expect(refusalOf({ url: '/ws', headers: { ...headers, authorization: `${authorization}x` } }, 0, guarded)).toEqual([
      401,
      'Unauthorized',
    ])
    // It lets nobody in from elsewhere.
    expect(() => assertAccess({ ...LOCAL, host: '0.0.0.0', localKeyHash: hash })).toThrow('CROSSTIDE_API_KEYS')
  })

  test('are asked of WebSocket clients, whatever their origin', () => {
    const access = { host: '0.0.0.0', keys: KEYS, origins: ['https://example.org'] }
    const headers = { host: 'x', origin: 'https://example.org' }
    // Without one they may come in and show it in their first message: browsers cannot set headers.
    expect(refusalOf({ url: '/ws', headers }, 0, access)).toBeUndefined()
    const wrong = { ...headers, authorization: 'Bearer 0123456789abcdeF' }
    expect(refusalOf({ url: '/ws', headers: wrong }, 0, access)).toEqual([401, 'Unauthorized'])
    const authorization = 'Bearer 0123456789abcdef'
    expect(refusalOf({ url: '/ws', headers: { ...headers, authorization } }, 0, access)).toBeUndefined()
    const other = { host: 'x', origin: 'https://example.com', authorization }
    expect(refusalOf({ url: '/ws', headers: other }, 0, access)).toEqual([403, 'Forbidden'])
  })
})

test('the thousandth WebSocket client comes in, one more is told 503; of strangers the hundred-and-first', () => {
  const request = { url: '/ws', headers: {} }
  const access = { host: '0.0.0.0', keys: KEYS, origins: [] }
  expect(refusalOf(request, 999)).toBeUndefined()
  expect(refusalOf(request, 1000)).toEqual([503, 'Service Unavailable'])
  expect(refusalOf(request, 0, access, 99)).toBeUndefined()
  expect(refusalOf(request, 0, access, 100)).toEqual([503, 'Service Unavailable'])
})

describe('listening', () => {
  test.each(['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.0.0.1.example.org'])(
    'on %s is refused without keys',
    (host) => {
      expect(isLoopback(host)).toBe(false)
      expect(() => assertAccess({ ...LOCAL, host })).toThrow(/CROSSTIDE_API_KEYS names no key/)
      expect(() => assertAccess({ ...LOCAL, host, keys: KEYS })).not.toThrow()
    },
  )

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('on %s needs none', (host) =>
    expect(() => assertAccess({ ...LOCAL, host })).not.toThrow(),
  )
})
