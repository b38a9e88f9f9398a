import { describe, expect, test } from 'vitest'
import { deadLetter, MAX_RAW_BYTES } from '../../producers/dead-letter.ts'
import { MOMENT } from '../support/ticks.ts'

const letter = (raw: string, detail?: string) =>
  deadLetter(
    { raw, error: 'price: no decimal', detail, session: MOMENT, receiveTime: MOMENT },
    'kraken',
    'crypto-prices.ticks',
  )

describe('a producer’s dead letter', () => {
  test('holds the raw text, and headers that say where, why and when', () => {
    const { value, headers } = letter('{"a":"é"}', 'seen: x')
    expect(Buffer.from(value).toString('utf8')).toBe('{"a":"é"}')
    expect(Object.fromEntries(headers)).toEqual({
      'dlq-topic': 'crypto-prices.ticks',
      'dlq-stage': 'producer',
      'dlq-error': 'price: no decimal: seen: x',
      'dlq-exchange': 'kraken',
      'dlq-session': '1795169730123456',
      'dlq-receive-time': '1795169730123456',
    })
  })

  test.each([
    ['ASCII', 'a'],
    ['two bytes', 'é'],
    ['three bytes', '€'],
    ['four bytes', '😀'],
  ])('keeps at most 64 kB of it, whole characters only: %s', (_, character) => {
    const { value } = letter(character.repeat(3_000_000 / character.length))
    expect(value.length).toBeLessThanOrEqual(MAX_RAW_BYTES)
    expect(value.length).toBeGreaterThan(MAX_RAW_BYTES - 4)
    expect(new TextDecoder('utf-8', { fatal: true }).decode(value)).toMatch(new RegExp(`^(?:${character})+$`, 'u'))
  })

  test('has an error of bounded length', () => {
    const headers = new Map(letter('', 'x'.repeat(100_000)).headers)
    expect(headers.get('dlq-error')).toHaveLength(1000)
  })
})
