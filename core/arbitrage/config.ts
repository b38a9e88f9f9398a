import { FEES_IN, type FeeIn } from '../opportunity.ts'
import { isCanonical } from '../symbol.ts'
import { flag, list, members, number, oneOf, record, refuse, text, whole, type Problem, type Reader } from './reader.ts'

/** Id of the control document; its epoch is the `costsEpoch` of every record. */
export const ARBITRAGE_DOCUMENT = 'arbitrage'

/** What an exchange asks of one symbol, in the symbol's own units; 0: nothing. */
export type SymbolTerms = {
  /** Sizes are multiples of it. */
  readonly lot: number
  readonly minQty: number
  /** Least price x size. */
  readonly minNotional: number
  /** Instead of the exchange's, as of symbols of two dollars. */
  readonly takerFeeBps?: number
}

export type ExchangeCosts = {
  readonly takerFeeBps: number
  readonly feeIn: FeeIn
  /** Closed to most (capital controls): evaluated and marked, never an alert. */
  readonly restricted: boolean
  readonly symbols: Readonly<Record<string, SymbolTerms>>
}

/** Bounds in one currency. */
export type Amounts = {
  /** Most that is put into one opportunity. */
  readonly cap: number
  readonly minProfit: number
  /** What moving the asset from where it is bought to where it is sold costs. */
  readonly transferCost: number
}

/** The control document `arbitrage`: what the detectors go by, and itself plain JSON. Times in milliseconds. */
export type ArbitrageConfig = Amounts & {
  /** What exchanges cost; one that is not named is not evaluated. */
  readonly exchanges: Readonly<Record<string, ExchangeCosts>>
  /** Both sides of symbols of different quote assets are turned into this; `cap`, `minProfit`, `transferCost` are in it. */
  readonly numeraire: string
  /** Amounts where both symbols have this quote asset, so that nothing is converted; one not named has the numeraire's. */
  readonly currencies: Readonly<Record<string, Amounts>>
  /** Symbols whose Rates convert. */
  readonly conversions: readonly string[]
  /** Symbols that are compared with their turned ones; keyed by their quote asset (crosstide.config.json says the same). */
  readonly inverses: readonly string[]
  readonly openBps: number
  readonly closeBps: number
  /** A candidate that stands this long opens. */
  readonly minHoldMs: number
  /** An UPDATE is written when the edge moved this much, the size this much, or the last record is this old. */
  readonly updateBps: number
  readonly updateSizePct: number
  readonly updateEveryMs: number
  /** What is open is cut at multiples of this since the epoch. */
  readonly ttlMs: number
  /** After these delays `executableAfter` looks; ascending. */
  readonly delaysMs: readonly number[]
  /** A quote counts this long after it was last confirmed, and this long after it came. */
  readonly maxAgeMs: number
  readonly maxQuoteAgeMs: number
  /** A leg may be this far behind its exchange's usual delay, two legs this far from each other. */
  readonly maxLagMs: number
  readonly maxSkewMs: number
}

/** Upper bounds that the horizon of the detectors rests on. */
export const MOST_TTL_MS = 600_000
export const MOST_QUOTE_AGE_MS = 60_000
export const MOST_HOLD_MS = 10_000

const costs = (takerFeeBps: number): ExchangeCosts => ({ takerFeeBps, feeIn: 'quote', restricted: false, symbols: {} })

/** Taker fees of the first tier (exchanges.md section 1; of Gate.io the higher one), the thresholds of arbitrage.md section 4. */
export const DEFAULT_ARBITRAGE: ArbitrageConfig = {
  exchanges: { binance: costs(10), coinbase: costs(60), kraken: costs(40), okx: costs(10), gate: costs(20) },
  numeraire: 'USD',
  cap: 10_000,
  minProfit: 1,
  transferCost: 0,
  currencies: {
    BTC: { cap: 0.1, minProfit: 0.000_01, transferCost: 0 },
    ETH: { cap: 3, minProfit: 0.000_3, transferCost: 0 },
  },
  conversions: ['USDT-USD', 'USDC-USD', 'EUR-USD'],
  inverses: [],
  openBps: 8,
  closeBps: 3,
  minHoldMs: 200,
  updateBps: 1,
  updateSizePct: 20,
  updateEveryMs: 1000,
  ttlMs: MOST_TTL_MS,
  delaysMs: [50, 100, 250, 500],
  maxAgeMs: 2000,
  maxQuoteAgeMs: MOST_QUOTE_AGE_MS,
  maxLagMs: 500,
  maxSkewMs: 250,
}

/**
 * The configuration that a document holds, defaults filled in; or all that is wrong with it. `exchanges`, `currencies` and
 * lists replace the default's as a whole.
 */
export function readArbitrage(
  document: unknown,
): { readonly config: ArbitrageConfig } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const config = arbitrage({ value: document, pointer: '', problems })
  return problems.length === 0 ? { config } : { problems }
}

const AMOUNT = number(0, 1e12)
/** Below 0 what loses is reported too: for controls, with openBps below 0. */
const PROFIT = number(-1e12, 1e12)
const BPS = number(-10_000, 10_000)
const FEE = number(0, 5000)
const isExchange = (name: string): boolean => /^[a-z][a-z0-9]{0,31}$/.test(name)
const isAsset = (name: string): boolean => /^[A-Z0-9]{1,20}$/.test(name)
const SYMBOLS = list(text(isCanonical, 'a canonical symbol'), 1000)

const terms: Reader<SymbolTerms> = (node) => {
  const { member, finish } = members(node)
  const fee = member<number | undefined>('takerFeeBps', FEE, undefined)
  const read = {
    lot: member('lot', AMOUNT, 0),
    minQty: member('minQty', AMOUNT, 0),
    minNotional: member('minNotional', AMOUNT, 0),
    ...(fee === undefined ? {} : { takerFeeBps: fee }),
  }
  finish()
  return read
}

const exchange: Reader<ExchangeCosts> = (node) => {
  const { member, finish } = members(node)
  const read = {
    takerFeeBps: member('takerFeeBps', FEE, NaN),
    feeIn: member('feeIn', oneOf(...FEES_IN), 'quote'),
    restricted: member('restricted', flag, false),
    symbols: member('symbols', record(isCanonical, 'a canonical symbol', terms), {}),
  }
  if (Number.isNaN(read.takerFeeBps))
    node.problems.push({ pointer: `${node.pointer}/takerFeeBps`, message: 'is missing' })
  finish()
  return read
}

const amounts: Reader<Amounts> = (node) => {
  const { member, finish } = members(node)
  const { cap, minProfit, transferCost } = DEFAULT_ARBITRAGE
  const read = {
    cap: member('cap', AMOUNT, cap),
    minProfit: member('minProfit', PROFIT, minProfit),
    transferCost: member('transferCost', AMOUNT, transferCost),
  }
  finish()
  return read
}

const arbitrage: Reader<ArbitrageConfig> = (node) => {
  const { member, finish } = members(node)
  const or = <Name extends keyof ArbitrageConfig>(
    name: Name,
    read: Reader<ArbitrageConfig[Name]>,
  ): ArbitrageConfig[Name] => member(name, read, DEFAULT_ARBITRAGE[name])
  const config: ArbitrageConfig = {
    exchanges: or('exchanges', record(isExchange, 'an exchange', exchange)),
    numeraire: or('numeraire', text(isAsset, 'an asset')),
    cap: or('cap', AMOUNT),
    minProfit: or('minProfit', PROFIT),
    transferCost: or('transferCost', AMOUNT),
    currencies: or('currencies', record(isAsset, 'an asset', amounts)),
    conversions: or('conversions', SYMBOLS),
    inverses: or('inverses', SYMBOLS),
    openBps: or('openBps', BPS),
    closeBps: or('closeBps', BPS),
    minHoldMs: or('minHoldMs', whole(0, MOST_HOLD_MS)),
    updateBps: or('updateBps', number(0.01, 10_000)),
    updateSizePct: or('updateSizePct', number(1, 10_000)),
    updateEveryMs: or('updateEveryMs', whole(10, MOST_TTL_MS)),
    ttlMs: or('ttlMs', whole(1000, MOST_TTL_MS)),
    delaysMs: or('delaysMs', list(whole(0, MOST_TTL_MS), 16)),
    maxAgeMs: or('maxAgeMs', whole(1, MOST_QUOTE_AGE_MS)),
    maxQuoteAgeMs: or('maxQuoteAgeMs', whole(1, MOST_QUOTE_AGE_MS)),
    maxLagMs: or('maxLagMs', whole(0, 60_000)),
    maxSkewMs: or('maxSkewMs', whole(0, 60_000)),
  }
  finish()
  // What could not be read is not compared.
  if (node.problems.length > 0) return config
  const { openBps, closeBps, delaysMs } = config
  const at = (name: string): typeof node => ({ ...node, pointer: `${node.pointer}/${name}` })
  if (closeBps > openBps) refuse(at('closeBps'), 'is above openBps', undefined)
  if (delaysMs.some((delay, index) => delay < (delaysMs[index - 1] ?? 0)))
    refuse(at('delaysMs'), 'is not ascending', undefined)
  return config
}
