import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'
import { describe, expect, test } from 'vitest'
import { alertOf } from '../../api/alert.ts'
import { priceItem } from '../../api/price.ts'
import { readRequest } from '../../api/protocol.ts'
import { signalOf } from '../../api/signal.ts'
import { micros } from '../../core/time.ts'
import { VERSION } from '../../io/process.ts'
import { asyncApi } from '../../schemas/asyncapi.ts'
import { PRICES_CHANNEL, RECEIVED } from '../../schemas/asyncapi-websocket.ts'
import { catalogue } from '../../schemas/topics.ts'
import { alert } from '../support/alerts.ts'
import { opportunity } from '../support/derived.ts'

const schemaOf = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8'))
const topics = Object.values(catalogue(6))
const document = asyncApi({
  version: VERSION,
  topics,
  schemas: {
    Tick: schemaOf('Tick'),
    Candle: schemaOf('Candle'),
    Opportunity: schemaOf('Opportunity'),
    Match: schemaOf('Match'),
    Alert: schemaOf('Alert'),
    SystemEvent: schemaOf('SystemEvent'),
    ServiceHeartbeat: schemaOf('ServiceHeartbeat'),
  },
})

describe('the AsyncAPI document', () => {
  test('that is committed is what the code says; else: node schemas/main.ts && npx oxfmt schemas/asyncapi.json', () => {
    const committed: unknown = JSON.parse(readFileSync(new URL('../../schemas/asyncapi.json', import.meta.url), 'utf8'))
    expect(committed).toEqual(document)
  })

  test('is valid AsyncAPI 3.0, and the parser refuses what is not', async () => {
    const parser = new Parser()
    const seriousIn = async (one: object) =>
      (await parser.validate(JSON.stringify(one)))
        .filter(({ severity }) => `${severity}` === '0')
        .map(({ message }) => message)
    expect(await seriousIn(document)).toEqual([])
    expect(await seriousIn({ ...document, operations: { wrong: { action: 'shout' } } })).not.toEqual([])
  }, 30_000)

  test('has a channel for every topic, with its partitions', () =>
    expect(document['channels']).toMatchObject(
      Object.fromEntries(
        topics.map(({ name, partitions }) => [name, { address: name, bindings: { kafka: { partitions } } }]),
      ),
    ))

  test('describes every field of a price that clients get, and the requests they may send', () => {
    const item = priceItem({
      exchange: 'kraken',
      symbol: 'BTC-USD',
      feed: 'LIVE',
      bid: 1,
      bidSize: 1,
      ask: 2,
      askSize: 1,
      last: 1.5,
      eventTime: micros(1),
      receiveTime: micros(2),
      state: 'up',
      ticks: 1,
      sequence: 1,
    })
    const { payload } = PRICES_CHANNEL.messages.snapshot
    expect(Object.keys(payload.properties.prices.items.properties)).toEqual(Object.keys(item))
    expect(
      RECEIVED.map((type) => readRequest(JSON.stringify({ type, ...(type === 'auth' && { key: 'k' }) })).kind),
    ).toEqual([
      'auth',
      'subscribe',
      'unsubscribe',
      'subscribe_signals',
      'unsubscribe_signals',
      'subscribe_alerts',
      'unsubscribe_alerts',
    ])
  })

  test('describes every field of an alert, of its evidence and of its action', () => {
    const item = alertOf(alert(1, { action: { kind: 'webhook', target: 'bot' } }))
    const { properties } = PRICES_CHANNEL.messages.alert.payload.properties.alerts.items
    expect(Object.keys(properties).toSorted()).toEqual(Object.keys(item).toSorted())
    expect(Object.keys(properties.evidence.items.properties).toSorted()).toEqual(
      Object.keys(item.evidence[0] ?? {}).toSorted(),
    )
  })

  test('describes every field of a signal and of its legs', () => {
    const item = signalOf(opportunity())
    const { properties } = PRICES_CHANNEL.messages.arbitrage_signal.payload.properties.signals.items
    expect(Object.keys(properties)).toEqual(Object.keys(item))
    const leg = properties.legs.items.properties
    expect(Object.keys(leg).toSorted()).toEqual(Object.keys(item.legs[0] ?? {}).toSorted())
    expect(Object.keys(leg.evidence.properties)).toEqual(Object.keys(item.legs[0]?.evidence ?? {}))
  })
})
