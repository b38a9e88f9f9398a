import { numberOf, recordOf, textOf } from './fields.ts'
import { durationText } from './format.ts'

/** What the server says of a document beside its diagnostics. */
export type Verdict = { readonly isValid: boolean; readonly runsTests: boolean; readonly boundText: string }

export function readVerdict(value: unknown): Verdict {
  const fields = recordOf(value)
  const bound = recordOf(fields['bound'])
  const number = (name: string): number => numberOf(bound[name]) ?? 0
  const boundText =
    fields['bound'] === undefined
      ? ''
      : [
          `Holds at most ${bytesText(number('bytes'))} in a partition (${bytesText(number('bytesPerKey'))} for each of ${number('keys').toLocaleString('en')} keys)`,
          `speaks ${number('warmUpMicros') === 0 ? 'at once' : `after ${lengthText(number('warmUpMicros'))} of warm-up`}`,
          `depends on the last ${lengthText(number('horizonMicros'))}`,
          `cost ${textOf(bound['cost']) ?? '–'}`,
        ].join('; ')
  return { isValid: fields['isValid'] === true, runsTests: fields['runsTests'] === true, boundText }
}

export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power] ?? 'B'}`
}

const lengthText = (micros: number): string => durationText(micros / 1000)

/** A document with another version, and all else as it was written. */
export const withVersion = (document: unknown, version: number): string =>
  JSON.stringify({ ...recordOf(document), version }, undefined, 2)

/** What a new rule starts from. */
export const TEMPLATE = {
  id: 'my-rule',
  version: 1,
  name: 'Wide spread',
  enabled: true,
  on: 'quote',
  where: "symbol == 'BTC-USDT'",
  by: ['exchange', 'symbol'],
  when: 'spreadBps > 20',
  hold: '5s',
  release: { when: 'spreadBps < 15' },
  cooldown: { for: '1m' },
  severity: 'warning',
  emit: { type: 'WIDE_SPREAD', fields: { spreadBps: 'spreadBps' }, alert: true },
  tests: [
    {
      name: 'fires after five seconds of a wide spread',
      given: [
        {
          at: '0s',
          stream: 'quote',
          set: { exchange: 'kraken', symbol: 'BTC-USDT', base: 'BTC', bid: 1000, ask: 1003 },
        },
      ],
      expect: [{ at: '5s', phase: 'FIRED' }],
    },
    {
      name: 'not for a narrow one',
      given: [
        {
          at: '0s',
          stream: 'quote',
          set: { exchange: 'kraken', symbol: 'BTC-USDT', base: 'BTC', bid: 1000, ask: 1001 },
        },
      ],
      expect: [],
    },
  ],
} as const
