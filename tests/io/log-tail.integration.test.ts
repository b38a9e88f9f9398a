import { beforeAll, describe, expect, inject, test } from 'vitest'
import type { Tick } from '../../core/tick.ts'
import { micros } from '../../core/time.ts'
import { TICKS_WRITER, openWriter } from '../../io/kafka/writer.ts'
import { openTopics } from '../../io/kafka/topics.ts'
import { createLog } from '../../io/log.ts'
import { lastTrades } from '../../io/log-tail.ts'
import { openRegistry } from '../../io/registry.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { catalogue } from '../../schemas/topics.ts'
import { MOMENT, heartbeat, tick, trade } from '../support/ticks.ts'

const stack = inject('stack')
const topic = { ...catalogue(3).ticks, name: `log-tail-${Date.now()}.ticks` }
const kafka = { brokers: stack.brokers, clientId: 'log-tail', log: createLog('test', 'error') }
const registry = openRegistry(stack.registry)
const at = (seconds: number) => micros(MOMENT + seconds * 1_000_000)
const traded = (exchange: string, stamped: number, received = stamped): Tick =>
  tick(trade(), { exchange, eventTime: at(stamped), receiveTime: at(received) })

/** Partition 0: three exchanges, one of them long ago, one whose clock is ahead. Partition 1: only heartbeats. Partition 2: nothing. */
beforeAll(async () => {
  const admin = await openTopics(kafka)
  await admin.ensure([topic])
  await admin.close()
  await registry.register([topic])
  const encode = await registry.encoder(topic.name, tickCodec)
  const writer = await openWriter({ ...TICKS_WRITER, ...kafka })
  const append = (partition: number, ticks: readonly Tick[]) =>
    writer.append(
      ticks.map((one) => ({
        topic: topic.name,
        partition,
        key: Buffer.from('BTC'),
        value: encode(one),
        timestampMs: 1,
      })),
    )
  const beats = Array.from({ length: 5000 }, (_, n) => tick(heartbeat(), { receiveTime: at(100 + n) }))
  await append(0, [traded('kraken', 5), traded('kraken', 3), ...beats, traded('binance', 9), traded('okx', 70, 10)])
  await append(1, beats)
  await writer.close(5000)
})

describe('the tail of the log', () => {
  test('tells the newest trade of an exchange per partition, however far back', async () => {
    const tail = await lastTrades({ kafka, registry, topic }, ['kraken', 'binance'])
    expect([tail('kraken')[0], tail('binance')[0]]).toEqual([at(5), at(9)])
  })

  test('tells when a trade came rather than a time that was still to come', async () => {
    const tail = await lastTrades({ kafka, registry, topic }, ['okx'])
    expect(tail('okx')[0]).toEqual(at(10))
  })

  test('without a trade it tells the oldest record looked at, since the last trade is older still', async () => {
    const tail = await lastTrades({ kafka, registry, topic }, ['coinbase'])
    expect(tail('coinbase')).toEqual([at(5), at(100), undefined])
  })
})
