import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { composeServices, kafkaSettings } from './containers.ts'
import { engineAddress, engineAnswers, serviceSource } from './engine.ts'

const given = { KAFKA_BROKERS: 'b:1', SCHEMA_REGISTRY_URL: 'http://r', DATABASE_URL: 'postgres://d' }
const none = {}

describe('the services of the tests', () => {
  test.each([
    ['those that are named, whatever else is there', given, true, true, 'given'],
    ['the embedded stack where there is Java, also beside an engine', none, true, true, 'embedded'],
    [
      'the embedded stack without Java where Kafka and the registry are named',
      { ...given, DATABASE_URL: '' },
      false,
      true,
      'embedded',
    ],
    ['containers where there is an engine and no Java', none, false, true, 'containers'],
    [
      'no containers beside services that are named: they could not reach them',
      { DATABASE_URL: 'postgres://d' },
      false,
      true,
      'none',
    ],
    ['none without Java and engine', none, false, false, 'none'],
  ] as const)('are %s', (_law, variables, hasJava, hasEngine, source) =>
    expect(serviceSource({ variables, hasJava, hasEngine })).toBe(source),
  )
})

describe('a container engine', () => {
  test('is looked for where DOCKER_HOST says, else at the usual socket', () => {
    expect(engineAddress({})).toEqual({ socketPath: '/var/run/docker.sock' })
    expect(engineAddress({ DOCKER_HOST: 'unix:///run/user/1000/podman.sock' })).toEqual({
      socketPath: '/run/user/1000/podman.sock',
    })
    expect(engineAddress({ DOCKER_HOST: 'tcp://10.0.0.1:2375' })).toEqual(new URL('http://10.0.0.1:2375'))
    expect(engineAddress({ DOCKER_HOST: 'ssh://host' })).toBeUndefined()
  })

  test.each([
    [200, true],
    [500, false],
  ])('that answers %i to a ping answers: %s', async (status, isThere) => {
    const folder = await mkdtemp(join(tmpdir(), 'crosstide-engine-'))
    const socketPath = join(folder, 'engine.sock')
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.url)
      response.writeHead(status).end('OK')
    })
    await new Promise<void>((resolve) => server.listen(socketPath, resolve))
    expect(await engineAnswers({ DOCKER_HOST: `unix://${socketPath}` })).toBe(isThere)
    expect(asked).toEqual(['/_ping'])
    server.close()
    await rm(folder, { recursive: true })
  })

  test('that is not there does not answer', async () => {
    expect(await engineAnswers({ DOCKER_HOST: 'unix:///nowhere/engine.sock' })).toBe(false)
    expect(await engineAnswers({ DOCKER_HOST: 'ssh://host' })).toBe(false)
  })
})

describe('the containers of the tests', () => {
  test('are those of the Compose file, and the broker names the port that leads to it', async () => {
    const { kafka, postgres, registry } = await composeServices()
    expect([kafka, postgres, registry].map(({ image }) => image.split(':')[0])).toEqual([
      'apache/kafka',
      'postgres',
      'apicurio/apicurio-registry',
    ])
    const settings = kafkaSettings(kafka.environment, 31_000)
    expect(settings['KAFKA_ADVERTISED_LISTENERS']).toBe('INSIDE://kafka:19092,HOST://127.0.0.1:31000')
    expect({ ...settings, KAFKA_ADVERTISED_LISTENERS: '' }).toEqual({
      ...kafka.environment,
      KAFKA_ADVERTISED_LISTENERS: '',
    })
  })
})
