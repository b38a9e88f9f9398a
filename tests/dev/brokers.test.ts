import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { brokerPorts, planBrokers } from '../../dev/brokers.ts'
import { kafkaProperties } from '../../dev/kafka-properties.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-brokers-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('the brokers of a data directory', () => {
  test('stand on ports that follow one another, or on any free ones', async () => {
    expect(brokerPorts(9092, 1)).toEqual([9092])
    expect(brokerPorts(9092, 3)).toEqual([9092, 9093, 9094])
    const free = (await planBrokers(folder, 3, 0)).map(({ port }) => port)
    expect(new Set(free).size).toBe(3)
    expect(free.every((port) => port > 0)).toBe(true)
  })

  test('are one cluster, also when a start was killed before all of them were made', async () => {
    const first = await planBrokers(folder, 3, 9092)
    await mkdir(join(folder, 'kafka-2'))
    const second = await planBrokers(folder, 3, 9092)
    const clusters = [...first, ...second].map(({ member }) => member?.cluster)
    expect(new Set(clusters).size).toBe(1)
    expect(second.map(({ name, member }) => [name, member?.nodeId])).toEqual([
      ['kafka-1', 1],
      ['kafka-2', 2],
      ['kafka-3', 3],
    ])
  })

  test('agree on the ports of their controllers', async () => {
    const plan = await planBrokers(folder, 3, 0)
    expect(new Set(plan.map(({ member }) => String(member?.controllerPorts))).size).toBe(1)
    expect(new Set([...plan.map(({ port }) => port), ...(plan[0]?.member?.controllerPorts ?? [])]).size).toBe(6)
  })

  test('are not three where the log was made for one; the refusal names the option', async () => {
    await mkdir(join(folder, 'kafka'))
    await expect(planBrokers(folder, 3, 0)).rejects.toMatchObject({
      code: 'WRONG_USE',
      message: expect.stringMatching(/made for one broker: start it without --brokers 3 \(CROSSTIDE_BROKERS=1\)/),
    })
    expect(await planBrokers(folder, 1, 9092)).toEqual([{ name: 'kafka', port: 9092, member: undefined }])
  })

  test('are not one where the log was made for three; the refusal names the option', async () => {
    await planBrokers(folder, 3, 0)
    await expect(planBrokers(folder, 1, 0)).rejects.toMatchObject({
      code: 'WRONG_USE',
      message: expect.stringMatching(/made for three brokers: start it with --brokers 3 \(CROSSTIDE_BROKERS=3\)/),
    })
  })
})

describe('the settings of a broker', () => {
  const settings = (controllerPorts: readonly number[]): readonly string[] =>
    kafkaProperties({ folder: '/data', port: 9092, nodeId: 1, controllerPorts }).split('\n')

  test('keep three copies of everything where there are three, two of which must have a record', () => {
    expect(settings([1, 2, 3])).toEqual(
      expect.arrayContaining([
        'controller.quorum.voters=1@127.0.0.1:1,2@127.0.0.1:2,3@127.0.0.1:3',
        'default.replication.factor=3',
        'min.insync.replicas=2',
        'offsets.topic.replication.factor=3',
        'transaction.state.log.replication.factor=3',
        'transaction.state.log.min.isr=2',
      ]),
    )
  })

  test('ask for no more copies than one where there is one', () => {
    expect(settings([1])).toEqual(
      expect.arrayContaining([
        'default.replication.factor=1',
        'min.insync.replicas=1',
        'offsets.topic.replication.factor=1',
      ]),
    )
  })
})
