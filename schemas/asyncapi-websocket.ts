import { SEVERITIES } from '../core/match.ts'
import { OPPORTUNITY_KINDS } from '../core/opportunity.ts'
import { ALERT } from './asyncapi-alert.ts'
import { SIGNAL } from './asyncapi-signal.ts'

type Json = Readonly<Record<string, unknown>>

/** Messages that crosstide sends to a WebSocket client. */
export const SENT = ['snapshot', 'price_update', 'arbitrage_signal', 'alerts_snapshot', 'alert', 'error'] as const
/** Messages that a client sends. */
export const RECEIVED = [
  'auth',
  'subscribe_prices',
  'unsubscribe_prices',
  'subscribe_signals',
  'unsubscribe_signals',
  'subscribe_alerts',
  'unsubscribe_alerts',
] as const

const text = { type: 'string' } as const
const decimal = { type: 'string', description: 'A decimal number, exactly.' } as const
const names = {
  type: 'array',
  items: { type: 'string', pattern: '^[A-Za-z0-9-]{1,48}$' },
  minItems: 1,
  maxItems: 100,
} as const

const PRICE = {
  type: 'object',
  required: ['exchange', 'symbol', 'feed', 'eventTime', 'receiveTime', 'state', 'ticks'],
  properties: {
    exchange: text,
    symbol: text,
    feed: { type: 'string', enum: ['LIVE', 'SIMULATED', 'RECORDED', 'BACKFILL'] },
    bid: decimal,
    bidSize: decimal,
    ask: decimal,
    askSize: decimal,
    last: decimal,
    spreadBps: { type: 'number' },
    eventTime: { type: 'string', format: 'date-time' },
    receiveTime: { type: 'string', format: 'date-time' },
    state: { type: 'string', enum: ['up', 'down', 'withdrawn'] },
    ticks: { type: 'integer' },
  },
} as const

const prices = (type: string, summary: string) => ({
  name: type,
  summary,
  contentType: 'application/json',
  payload: {
    type: 'object',
    required: ['type', 'channel', 'sequence', 'time', 'source', 'prices'],
    properties: {
      type: { const: type },
      channel: { const: 'prices' },
      sequence: { type: 'integer', description: 'Number of the last change in it; only grows.' },
      time: { type: 'string', format: 'date-time' },
      source: { type: 'string', enum: ['live', 'simulated', 'recorded'] },
      prices: { type: 'array', items: PRICE },
    },
  },
})

const alerts = (type: string, summary: string, more: Json = {}) => ({
  name: type,
  summary,
  contentType: 'application/json',
  payload: {
    type: 'object',
    required: ['type', 'channel', 'sequence', 'time', 'source', ...Object.keys(more), 'alerts'],
    properties: {
      type: { const: type },
      channel: { const: 'alerts' },
      sequence: { type: 'integer', description: 'Number of the last change in it; only grows.' },
      time: { type: 'string', format: 'date-time' },
      source: { type: 'string', enum: ['live', 'simulated', 'recorded'] },
      ...more,
      alerts: { type: 'array', items: ALERT },
    },
  },
})

const request = (type: string, summary: string, properties: Json, needed: readonly string[] = []): Json => ({
  name: type,
  summary,
  contentType: 'application/json',
  payload: {
    type: 'object',
    required: ['type', ...needed],
    additionalProperties: false,
    properties: { type: { const: type }, ...properties },
  },
})

/** The WebSocket as an AsyncAPI channel. */
export const PRICES_CHANNEL = {
  address: '/ws',
  servers: [{ $ref: '#/servers/websocket' }],
  description:
    'Latest prices, opportunities, and alerts. Nothing is sent before a subscription. Where keys are set: `Authorization: Bearer` or a first message `auth`; without one the socket is closed with 4401.',
  messages: {
    snapshot: prices('snapshot', 'All prices of the subscription, once after it.'),
    price_update: prices('price_update', 'The prices that changed since the last message.'),
    arbitrage_signal: {
      name: 'arbitrage_signal',
      summary:
        'First the opportunities that are open, then each that opens, changes or ends; changes may be conflated.',
      contentType: 'application/json',
      payload: {
        type: 'object',
        required: ['type', 'channel', 'snapshot', 'sequence', 'time', 'source', 'signals'],
        properties: {
          type: { const: 'arbitrage_signal' },
          channel: { const: 'signals' },
          snapshot: { type: 'boolean', description: 'Whether these are all that are open: forget what was before.' },
          sequence: { type: 'integer', description: 'Number of the last change in it; only grows.' },
          time: { type: 'string', format: 'date-time' },
          source: { type: 'string', enum: ['live', 'simulated', 'recorded'] },
          signals: { type: 'array', items: SIGNAL },
        },
      },
    },
    alerts_snapshot: alerts(
      'snapshot',
      'Alerts that are not over, once after the subscription, and anew after a hole.',
      {
        isWhole: { type: 'boolean', description: 'Whether these are all; else the newest 1000, before the filter.' },
      },
    ),
    alert: alerts(
      'alert',
      'Alerts that fired, resolved their story, passed, or were acknowledged (within about a second), each as it is now.',
    ),
    error: {
      name: 'error',
      contentType: 'application/json',
      payload: {
        type: 'object',
        required: ['type', 'code', 'message'],
        properties: {
          type: { const: 'error' },
          code: {
            type: 'string',
            enum: ['BAD_JSON', 'BAD_MESSAGE', 'BINARY_MESSAGE', 'TOO_MANY_MESSAGES', 'UNAUTHORIZED'],
          },
          message: text,
        },
      },
    },
    auth: request(
      'auth',
      'Shows the key, before anything else and within 5 s; answered only if it is not known.',
      { key: { type: 'string', minLength: 1, maxLength: 256 } },
      ['key'],
    ),
    subscribe_prices: request('subscribe_prices', 'Replaces the subscription before; without a list: all.', {
      symbols: names,
      exchanges: names,
    }),
    unsubscribe_prices: request('unsubscribe_prices', 'Ends it.', {}),
    subscribe_signals: request('subscribe_signals', 'Replaces the subscription before; without a filter: all.', {
      kind: { type: 'string', enum: OPPORTUNITY_KINDS },
      symbols: { ...names, description: 'Signals with a leg of one of these.' },
      minEdgeBps: {
        type: 'number',
        minimum: -10_000,
        maximum: 10_000,
        description: 'Least of the greatest edge so far, basis points.',
      },
    }),
    unsubscribe_signals: request('unsubscribe_signals', 'Ends it.', {}),
    subscribe_alerts: request('subscribe_alerts', 'Replaces the subscription before; without a filter: all.', {
      symbols: { ...names, description: 'Alerts of one of these; what names no symbol is none.' },
      exchanges: names,
      ruleIds: { ...names, items: { type: 'string', pattern: '^[a-z0-9-]{1,64}$' } },
      minSeverity: { type: 'string', enum: SEVERITIES, description: 'The end of what was so grave is told, too.' },
    }),
    unsubscribe_alerts: request('unsubscribe_alerts', 'Ends it.', {}),
  },
}
