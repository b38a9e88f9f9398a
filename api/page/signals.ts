import { decimalOf, listOf, numberOf, recordOf, textOf, timeOf } from './fields.ts'

export type Leg = {
  readonly exchange: string
  readonly symbol: string
  readonly side: string
  readonly price: string | undefined
  readonly size: string | undefined
  readonly feeBps: number | undefined
  readonly quoteAgeMs: number | undefined
  readonly confirmedAgeMs: number | undefined
  readonly partition: number | undefined
  readonly offset: number | undefined
  readonly quoteTimeMs: number
  readonly bid: string | undefined
  readonly ask: string | undefined
}

export type Survival = {
  readonly delayMs: number
  readonly edgeBps: number | undefined
  readonly executable: boolean | undefined
}

/** An opportunity as the server sends it. */
export type Signal = {
  readonly id: string
  readonly isOpen: boolean
  readonly base: string
  readonly feed: string
  readonly legs: readonly Leg[]
  readonly openedAtMs: number
  readonly updatedAtMs: number
  readonly closedAtMs: number
  readonly edgeBps: number
  readonly grossBps: number
  readonly peakBps: number
  readonly timeWeightedBps: number
  readonly size: string | undefined
  readonly notional: string | undefined
  readonly profit: string | undefined
  readonly peakProfit: string | undefined
  readonly numeraire: string
  readonly reason: string | undefined
  readonly durationMs: number
  readonly executableAfter: readonly Survival[]
}

export type SignalMessage = { readonly isState: boolean; readonly timeMs: number; readonly signals: readonly Signal[] }

/** `undefined` for any other message. */
export function readSignalMessage(text: string): SignalMessage | undefined {
  const value = recordOf(JSON.parse(text))
  if (value['type'] !== 'arbitrage_signal') return undefined
  return { isState: value['snapshot'] === true, timeMs: timeOf(value['time']), signals: readSignals(value) }
}

export const readSignals = (value: unknown): readonly Signal[] => listOf(recordOf(value)['signals']).map(readSignal)

export type SignalRecord = { readonly atMs: number; readonly phase: string; readonly edgeBps: number }

/** One signal with the records of its life. */
export function readSignalDetail(value: unknown): {
  readonly signal: Signal
  readonly records: readonly SignalRecord[]
} {
  const fields = recordOf(value)
  const records = listOf(fields['records']).map((one) => {
    const record = recordOf(one)
    return {
      atMs: timeOf(record['at']),
      phase: textOf(record['phase']) ?? '',
      edgeBps: numberOf(record['edgeBps']) ?? Number.NaN,
    }
  })
  return { signal: readSignal(fields['signal']), records }
}

function readSignal(value: unknown): Signal {
  const fields = recordOf(value)
  const number = (name: string): number => numberOf(fields[name]) ?? Number.NaN
  return {
    id: textOf(fields['id']) ?? '',
    isOpen: fields['state'] === 'open',
    base: textOf(fields['base']) ?? '',
    feed: textOf(fields['feed']) ?? '',
    legs: listOf(fields['legs']).map(readLeg),
    openedAtMs: timeOf(fields['openedAt']),
    updatedAtMs: timeOf(fields['updatedAt']),
    closedAtMs: timeOf(fields['closedAt']),
    edgeBps: number('edgeBps'),
    grossBps: number('grossBps'),
    peakBps: number('peakBps'),
    timeWeightedBps: number('timeWeightedBps'),
    size: textOf(fields['size']),
    notional: textOf(fields['notional']),
    profit: textOf(fields['profit']),
    peakProfit: textOf(fields['peakProfit']),
    numeraire: textOf(fields['numeraire']) ?? '',
    reason: textOf(fields['reason']),
    durationMs: number('durationMs'),
    executableAfter: listOf(fields['executableAfter']).map((one) => {
      const survival = recordOf(one)
      return {
        delayMs: numberOf(survival['delayMs']) ?? Number.NaN,
        edgeBps: numberOf(survival['edgeBps']),
        executable: typeof survival['executable'] === 'boolean' ? survival['executable'] : undefined,
      }
    }),
  }
}

function readLeg(value: unknown): Leg {
  const fields = recordOf(value)
  const evidence = recordOf(fields['evidence'])
  return {
    exchange: textOf(fields['exchange']) ?? '',
    symbol: textOf(fields['symbol']) ?? '',
    side: textOf(fields['side']) ?? '',
    price: textOf(fields['price']),
    size: textOf(fields['size']),
    feeBps: numberOf(fields['feeBps']),
    quoteAgeMs: numberOf(fields['quoteAgeMs']),
    confirmedAgeMs: numberOf(fields['confirmedAgeMs']),
    partition: numberOf(evidence['partition']),
    offset: numberOf(evidence['offset']),
    quoteTimeMs: timeOf(evidence['eventTime']),
    bid: textOf(evidence['bid']),
    ask: textOf(evidence['ask']),
  }
}

/** How an opportunity is taken, `binance → kraken`; the symbols too where they are two. */
export function routeOf({ legs }: Signal): string {
  const symbols = new Set(legs.map(({ symbol }) => symbol))
  return legs.map(({ exchange, symbol }) => (symbols.size > 1 ? `${exchange} ${symbol}` : exchange)).join(' → ')
}

/** What is traded: the symbol, or where the legs' symbols are several the asset. */
export function nameOf({ legs, base }: Signal): string {
  const [first] = legs
  return first !== undefined && legs.every(({ symbol }) => symbol === first.symbol) ? first.symbol : base
}

export const bpsText = (bps: number): string => (Number.isFinite(bps) ? bps.toFixed(1) : '–')

/** An amount to so many significant digits, never in exponent form. */
export function amountText(decimal: string | undefined, digits = 4): string {
  const value = decimalOf(decimal)
  if (!Number.isFinite(value)) return '–'
  return value.toLocaleString('en', { maximumSignificantDigits: digits, maximumFractionDigits: 8 })
}

/** What an end's reason means, in a few words; the API's closed list. */
export const ENDINGS: Readonly<Record<string, string>> = {
  edge: 'edge gone',
  down: 'exchange down',
  gap: 'gap in a feed',
  crossed: 'own book crossed',
  stale: 'quote too old',
  lag: 'quote too late',
  rate: 'no conversion rate',
  depth: 'size too small',
  ttl: 'time over',
  config: 'new configuration',
  mean: 'back at the mean',
  stop: 'stopped',
  broken: 'relation broken',
}
