import { describe, expect, test } from 'vitest'
import { micros } from '../../core/time.ts'
import { decode, type Adapter, type Decoded } from '../../producers/adapter.ts'
import { fuzzLaws } from './fuzz.ts'

/** Frames that no exchange documents: each must become a fault and throw nothing. */
const HOSTILE: readonly string[] = [
  '',
  ' ',
  'null',
  'true',
  '0',
  '1e400',
  'NaN',
  '"text"',
  '[]',
  '[[[]]]',
  '{}',
  '{"a"',
  '{"__proto__":{"stream":"btcusdt@aggTrade","channel":"trade"}}',
  '{"constructor":{"prototype":{"channel":"trade"}}}',
  '{"stream":5,"channel":5,"method":5}',
  '{"stream":null,"channel":null,"data":null}',
  '{"stream":"btcusdt@unheard","channel":"unheard","data":{}}',
  '{"stream":"btcusdt@aggTrade","channel":"trade","data":[]'.padEnd(1000, ' '),
  '{"stream":"","channel":"","data":{}}',
  '{"toString":1}',
  '\u0000\u0001\u0002',
  '\uFFFD\uFFFD',
  'H4sIAAAAAAAAA6tWSs5ILErNyUlVslIqzy/KSVGqBQBzB5d8FwAAAA==',
  '['.repeat(100_000),
  '{"channel":'.repeat(50_000),
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `{"channel":${'['.repeat(5000)}${']'.repeat(5000)}}`,
]

const AT = micros(1_795_169_730_223_000)

export const faultsOf = (one: Decoded): readonly string[] =>
  one.kind === 'ticks' ? one.faults : one.kind === 'fault' ? [one.reason] : []

/**
 * What every adapter promises. `frames` are typed from the exchange's documentation; `entries` are paths into them whose
 * value, spoiled in any way, must become a fault.
 */
export function adapterContract(
  adapter: Adapter,
  frames: readonly string[],
  spoiled: readonly { readonly frame: string; readonly value: string }[],
): void {
  const decoded = () => frames.map((frame) => decode(adapter, frame, AT))
  const ignored = () => decoded().flatMap((one) => (one.kind === 'ignored' ? [one.channel] : []))

  fuzzLaws(adapter, frames)

  describe(`${adapter.exchange} adapter keeps the contract and`, () => {
    test('decodes or ignores every documented frame without a fault', () => {
      expect(decoded().flatMap(faultsOf)).toEqual([])
    })

    test('ignores only channels it names', () => {
      expect(adapter.ignored).toEqual(expect.arrayContaining([...ignored()]))
    })

    test('decodes a frame the same way twice', () => expect(decoded()).toEqual(decoded()))

    test.each(HOSTILE.map((frame) => [frame.slice(0, 60), frame] as const))(
      'turns %j into a fault and never throws',
      (_, frame) => {
        expect(decode(adapter, frame, AT).kind).toBe('fault')
      },
    )

    // JSON that a careless reader takes for a number, a time or a text.
    const junk = [
      'null',
      'true',
      '[]',
      '{}',
      '"x"',
      '"NaN"',
      '"-1"',
      '-1',
      '"1e400"',
      '1e400',
      '"0x10"',
      '"1,5"',
      '" 1"',
    ]
    const cases = spoiled.flatMap(({ frame, value }) => junk.map((bad) => ({ value, bad, frame })))
    test.each(cases)('takes no entry with $bad for $value', ({ frame, value, bad }) => {
      expect(frame.split(value)).toHaveLength(2)
      const one = decode(adapter, frame.replace(value, bad), AT)
      expect(one.kind).toBe('fault')
    })

    test('has reasons that hold no values, since they class dead letters', () => {
      const reasons = spoiled.flatMap(({ frame, value }) =>
        ['"spoiled-17"', '"spoiled-42"'].map((bad) => faultsOf(decode(adapter, frame.replace(value, bad), AT)).join()),
      )
      expect(reasons.filter((reason) => reason.includes('spoiled'))).toEqual([])
    })

    test('asks for each symbol it is told to follow', () => {
      const { url, frames: sent } = adapter.connect(['AAA/BBB', 'CCC/DDD'])
      expect(`${url} ${sent.join(' ')}`.toUpperCase()).toContain('AAA/BBB')
      expect(`${url} ${sent.join(' ')}`.toUpperCase()).toContain('CCC/DDD')
      expect(adapter.addresses).toContain(url.split('?')[0])
    })
  })
}
