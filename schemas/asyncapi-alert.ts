import { ALERT_PHASES, ALERT_SOURCES } from '../core/alert.ts'
import { RESOLVE_REASONS, SEVERITIES } from '../core/match.ts'
import { FEEDS } from '../core/tick.ts'

const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const
const time = { type: 'string', format: 'date-time' } as const
const oneOf = (values: readonly string[]) => ({ type: 'string', enum: values })
const told = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
} as const

const EVIDENCE = {
  type: 'object',
  description: 'A record of the input log that it rests on, newest last.',
  required: ['stream', 'offset', 'at'],
  properties: { stream: text, offset: count, exchange: text, symbol: text, partition: count, at: time },
} as const

/** An alert as WebSocket clients get it; REST adds what was sent where. */
export const ALERT = {
  type: 'object',
  required: [
    'alertId',
    'alertKey',
    'source',
    'phase',
    'resolves',
    'severity',
    'type',
    'title',
    'at',
    'feed',
    'key',
    'fields',
    'evidence',
    'suppressed',
    'state',
  ],
  properties: {
    alertId: { type: 'string', description: 'Of a rule the id of its match.' },
    alertKey: { type: 'string', description: 'Its story: what goes on firing and resolving.' },
    source: oneOf(ALERT_SOURCES),
    phase: { ...oneOf(ALERT_PHASES), description: 'RESOLVED: all of its alertKey before it are over.' },
    reason: {
      ...oneOf(RESOLVE_REASONS),
      description: 'On RESOLVED of a rule. One of renew is not told: what it ends fires again, is resolved, or passes.',
    },
    resolves: { type: 'boolean', description: 'Whether a RESOLVED follows when it is over.' },
    severity: oneOf(SEVERITIES),
    type: text,
    title: { type: 'string', description: 'The rule’s name, or a sentence.' },
    at: time,
    feed: oneOf(FEEDS),
    ruleId: text,
    ruleVersion: count,
    key: { type: 'object', additionalProperties: text, description: 'What the rule fired for.' },
    exchange: text,
    symbol: text,
    fields: { ...told, description: 'What it tells; null: it had no value.' },
    evidence: { type: 'array', items: EVIDENCE },
    suppressed: { ...count, description: 'How many a cool-down held back before it.' },
    action: {
      type: 'object',
      description: 'What is done about it: a webhook with its target, or a command with its arguments.',
      required: ['kind'],
      properties: { kind: oneOf(['webhook', 'command']), target: text, command: text, arguments: told },
    },
    origin: {
      type: 'object',
      description: 'Of a rule: the record that was being processed.',
      properties: { processor: text, version: count, partition: count, offset: count, ordinal: count },
    },
    state: {
      ...oneOf(['open', 'acknowledged', 'resolved', 'passed']),
      description: 'passed: over, though nobody said so.',
    },
    ackedBy: { type: 'string', description: 'Who has seen it: the name of an API key.' },
    ackedAt: time,
    ackComment: text,
    resolvedAt: time,
    expiresAt: { ...time, description: 'When it passes by itself; absent: it waits for its RESOLVED.' },
  },
} as const
