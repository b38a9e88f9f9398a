import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { availableBytes } from '../../dev/doctor.ts'
import { clusterId } from '../../dev/brokers.ts'
import { kafkaProperties } from '../../dev/kafka-properties.ts'
import { brokerCount, describesBroker, metadataRequest } from '../../dev/kafka-probe.ts'
import { freePort } from '../../dev/ports.ts'
import { disarmStalePid, withPid } from '../../dev/postgres-remains.ts'
import { serverArguments } from '../../dev/postgres.ts'
import { registrySettings } from '../../dev/registry.ts'
import { mayPass, unprivilegedUser } from '../../dev/unprivileged.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-parts-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('Kafka', () => {
  const lines = (name: string): readonly string[] =>
    kafkaProperties({ folder: name, port: 9092, nodeId: 1, controllerPorts: [5000] }).split('\n')

  test('listens on loopback only and creates no topic by itself', () => {
    const settings = lines('/data/kafka')
    expect(settings).toContain('listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:5000')
    expect(settings).toContain('auto.create.topics.enable=false')
    expect(settings).toContain('group.initial.rebalance.delay.ms=0')
  })

  test('keeps its log in a folder of any name: Java reads Latin-1 with escapes', () => {
    expect(lines('/home/zoë/a b\\c/kafka')).toContain(String.raw`log.dirs=/home/zo\u00eb/a b\\c/kafka`)
  })

  test('has a cluster id of 22 characters that is never taken for an option', () => {
    for (let first = 0; first < 256; first++)
      expect(clusterId(Buffer.alloc(16, first))).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
  })

  test('is asked for its brokers in the protocol of Metadata v1', () => {
    // Kafka protocol guide: size, api key 3, version 1, correlation id, client id, an empty array of topics.
    const name = Buffer.from('crosstide-probe').toString('hex')
    expect(metadataRequest().toString('hex')).toBe(`0000001d0003000100000001000f${name}00000000`)
    expect(brokerCount(Buffer.from('0000000800000001', 'hex'))).toBeUndefined()
    expect(brokerCount(Buffer.from('000000080000000100000002', 'hex'))).toBe(2)
    expect(brokerCount(Buffer.from('0000000900000001000000', 'hex'))).toBeUndefined()
  })

  test.each([
    ['answers in two pieces with one broker', ['000000080000', '000100000001'], true],
    ['knows no broker yet', ['000000080000000100000000'], false],
    ['hangs up', [], false],
  ])('is ready or not when it %s', async (_, pieces, isReady) => {
    const server = createServer((socket: Socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        pieces.forEach((piece, index) => setTimeout(() => socket.write(Buffer.from(piece, 'hex')), 20 * index))
        if (pieces.length === 0) socket.end()
      })
    })
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    expect(await describesBroker(port)).toBe(isReady)
    server.close()
  })

  test('is not ready where nobody listens', async () => expect(await describesBroker(await freePort())).toBe(false))
})

describe('PostgreSQL', () => {
  test('listens on loopback only, without a socket file', () => {
    expect(serverArguments('/data', 5433)).toEqual(
      expect.arrayContaining(['listen_addresses=127.0.0.1', 'unix_socket_directories=']),
    )
  })

  test('passes over its old pid where another program has it now, and keeps the rest of the file', async () => {
    const file = join(folder, 'postmaster.pid')
    await writeFile(file, `${process.ppid}\n/data\n1700000000\n5433\n`)
    await disarmStalePid(folder)
    expect(await readFile(file, 'utf8')).toBe(`${process.pid}\n/data\n1700000000\n5433\n`)
    expect(withPid('1\n2\n', 9)).toBe('9\n2\n')
  })

  test('leaves the file alone where the pid is free, or the file is missing', async () => {
    await disarmStalePid(folder)
    await writeFile(join(folder, 'postmaster.pid'), '4194305\n/data\n')
    await disarmStalePid(folder)
    expect(await readFile(join(folder, 'postmaster.pid'), 'utf8')).toBe('4194305\n/data\n')
  })
})

describe('the user without rights', () => {
  test('passes a folder by the class it falls into, not by any', () => {
    const [uid, gid] = [65534, 65534]
    expect(mayPass({ mode: 0o40755, uid: 0, gid: 0 }, uid, gid)).toBe(true)
    expect(mayPass({ mode: 0o40700, uid: 0, gid: 0 }, uid, gid)).toBe(false)
    expect(mayPass({ mode: 0o40750, uid: 0, gid }, uid, gid)).toBe(true)
    expect(mayPass({ mode: 0o40705, uid: 0, gid }, uid, gid)).toBe(false)
    expect(mayPass({ mode: 0o40700, uid, gid: 0 }, uid, gid)).toBe(true)
  })

  test.runIf(process.getuid?.() === 0)(
    'is started plainly where it may pass, with one capability where not',
    async () => {
      await chmod(folder, 0o755)
      const plain = await unprivilegedUser([folder])
      expect(plain?.launch('postgres', ['-D'])).toMatchObject({ command: 'postgres', args: ['-D'], uid: plain?.uid })
      await chmod(folder, 0o700)
      await mkdir(join(folder, 'below'))
      const lent = (await unprivilegedUser([join(folder, 'below')]))?.launch('postgres', ['-D'])
      expect(lent?.command).toBe('setpriv')
      expect(lent?.args.slice(-2)).toEqual(['postgres', '-D'])
    },
  )
})

describe('the registry', () => {
  const settings = registrySettings(
    8081,
    'postgres://ann:p%40ss@db.example.org/main?sslmode=require',
    'crosstide_registry',
  )

  test('is stored in its own database of the given server', () => {
    expect(settings).toMatchObject({
      APICURIO_DATASOURCE_URL: 'jdbc:postgresql://db.example.org:5432/crosstide_registry?sslmode=require',
      APICURIO_DATASOURCE_USERNAME: 'ann',
      APICURIO_DATASOURCE_PASSWORD: 'p@ss',
    })
  })

  test('opens both its servers on loopback only', () => {
    expect(settings).toMatchObject({ QUARKUS_HTTP_HOST: '127.0.0.1', QUARKUS_MANAGEMENT_HOST: '127.0.0.1' })
  })
})

test('doctor reads the memory that Linux could give away', () => {
  expect(availableBytes('MemTotal:       16384000 kB\nMemAvailable:    1024 kB\n')).toBe(1_048_576)
  expect(availableBytes('')).toBeUndefined()
})
