import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { VARIABLES, parseEnvironment, required } from '../../io/environment.ts'

describe('environment', () => {
  test('has a default for every variable that may be missing', () => {
    expect(parseEnvironment({})).toMatchObject({
      PORT: 8080,
      CROSSTIDE_KAFKA_PORT: 9092,
      CROSSTIDE_SOURCE: 'simulated',
      LOG_LEVEL: 'info',
    })
  })

  test('reads a list of brokers', () => {
    expect(parseEnvironment({ KAFKA_BROKERS: 'a:1, b:2' }).KAFKA_BROKERS).toEqual(['a:1', 'b:2'])
  })

  test('an empty value counts as unset', () => expect(parseEnvironment({ PORT: '' }).PORT).toBe(8080))

  test('reports every problem at once and names the nearest known variable', () => {
    const bad = { PORT: '70000', KAFKA_BROKERS: 'nowhere', CROSSTIDE_DATADIR: 'x', DATABASE_URL: 'mysql://x' }
    expect(() => parseEnvironment(bad)).toThrow(
      /CROSSTIDE_DATADIR: unknown; did you mean CROSSTIDE_DATA_DIR[^]*KAFKA_BROKERS[^]*DATABASE_URL[^]*PORT/,
    )
  })

  test('reads keys by name and hash, and origins letter by letter', () => {
    const hash = 'ab'.repeat(32)
    const origins = 'https://example.org,http://localhost:3000'
    const keys = `alice:${hash},bob:${hash}`
    expect(parseEnvironment({ CROSSTIDE_API_KEYS: keys, CROSSTIDE_CORS_ORIGINS: origins })).toMatchObject({
      CROSSTIDE_HOST: '127.0.0.1',
      CROSSTIDE_API_KEYS: [
        { name: 'alice', hash },
        { name: 'bob', hash },
      ],
      CROSSTIDE_CORS_ORIGINS: ['https://example.org', 'http://localhost:3000'],
    })
  })

  test('knows of each key whether it may write', () => {
    const hash = 'ab'.repeat(32)
    expect(parseEnvironment({ CROSSTIDE_API_KEYS: `alice:${hash}:write,bob:${hash}` }).CROSSTIDE_API_KEYS).toEqual([
      { name: 'alice', hash, scope: 'write' },
      { name: 'bob', hash },
    ])
  })

  test.each([
    ['CROSSTIDE_API_KEYS', `alice:${'ab'.repeat(32)}:admin`],
    ['CROSSTIDE_LOCAL_KEY_HASH', 'secret'],
    ['CROSSTIDE_API_KEYS', 'alice:secret'],
    ['CROSSTIDE_API_KEYS', 'ab'.repeat(32)],
    ['CROSSTIDE_CORS_ORIGINS', '*'],
    ['CROSSTIDE_CORS_ORIGINS', 'https://example.org/'],
    ['CROSSTIDE_CORS_ORIGINS', 'https://*.example.org'],
  ])('refuses %s=%s', (name, value) => expect(() => parseEnvironment({ [name]: value })).toThrow(name))

  test('names a variable that a role cannot do without', () => {
    expect(() => required(parseEnvironment({}), 'DATABASE_URL')).toThrow(/DATABASE_URL is not set/)
  })
})

describe('.env.example', () => {
  const lines = readFileSync('.env.example', 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z_]+=/.test(line))

  test('names every variable that is read, and no other', () => {
    expect(new Set(lines.map((line) => line.split('=')[0]))).toEqual(new Set(VARIABLES))
  })

  test('says the true default of each', () => {
    const values = Object.fromEntries(lines.map((line) => line.split('=')))
    expect(parseEnvironment(values)).toEqual(parseEnvironment({}))
  })
})
