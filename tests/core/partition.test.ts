import { describe, expect, test } from 'vitest'
import { murmur2, partitionOf, tickKey } from '../../core/partition.ts'

describe('partition', () => {
  // Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as the Java client does', (text, hash) => expect(murmur2(new TextEncoder().encode(text))).toBe(hash))

  test('deals the foreign hash into the partitions, sign bit cleared', () => {
    expect(partitionOf('21', 6)).toBe((-973932308 & 0x7fffffff) % 6)
  })

  test('gives all symbols of a base asset one key', () => {
    expect([tickKey('BTC-USDT'), tickKey('BTC-USD'), tickKey('BTC-USDT-PERP')]).toEqual(['BTC', 'BTC', 'BTC'])
  })

  test('keys an inverse symbol by its quote asset', () => {
    expect(tickKey('ETH-BTC', new Set(['ETH-BTC']))).toBe('BTC')
    expect(tickKey('ETH-BTC')).toBe('ETH')
  })

  test('refuses a symbol that is not canonical', () => expect(() => tickKey('btcusdt')).toThrow(RangeError))
})
