import { MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../core/time.ts'

/** One exchange's newest price of something, and when we received it. */
export type Price = {
  readonly exchange: string
  readonly symbol: string
  readonly price: number
  readonly time: number
}

/** Prices that ought to be equal, in one unit: those of a base asset in one currency, over the exchanges. */
export type Group = { readonly name: string; readonly prices: readonly Price[] }

export type Verdict = {
  readonly exchange: string
  readonly symbol: string
  readonly isQuarantined: boolean
  /** How far it was from the median of the others: -0.25 is a quarter below. */
  readonly deviation: number
}

/**
 * A suspect's file. `offSince` while it deviates, `calmSince` while it is in line again, `calmAt` the newest of its prices
 * that was.
 */
type File = {
  offSince: number | undefined
  calmSince: number | undefined
  calmAt: number
  isQuarantined: boolean
  /** Whether it was ever seen in line: then it is what its ticker says. */
  isProven: boolean
}

/** By exchange and symbol. Large: mutated in place by {@link judge}. */
export type Quarantine = Map<string, File>

export const isQuarantined = (state: Quarantine, of: Pick<Price, 'exchange' | 'symbol'>): boolean =>
  state.get(keyOf(of))?.isQuarantined === true

const keyOf = ({ exchange, symbol }: Pick<Price, 'exchange' | 'symbol'>): string => `${exchange} ${symbol}`

/** Off by more than this from the median of the others. */
const OFF = 0.2
/** In line again below this only: on the edge nothing flaps. */
const IN_LINE = 0.1
const WITNESSES = 2
/** How long a proven symbol may deviate; as old a witness's price may be, so that each spoke after the deviation began. */
const PATIENCE = 30 * MICROS_PER_SECOND
const RELEASE_AFTER = 10 * MICROS_PER_MINUTE

/**
 * Finds symbols whose price is not that of the others: the same ticker, another coin. Answers what changes.
 *
 * The choice behind it. A symbol that was never in line is quarantined at once: another coin is off from its first price.
 * One that was in line is given {@link PATIENCE}, because a crash begins somewhere, and the first mover's price is the best
 * there is; the others follow within seconds, or it comes back. Only who has spoken since counts as a witness: a quiet
 * exchange, whose last price is of before the move, accuses nobody. So a move of the whole market quarantines none. Of a
 * group the one that is furthest off is judged, then the rest without it: with three exchanges the wrong one drags the
 * median, and would take the honest ones with it. Currencies are compared after conversion by their own rate, so that a
 * depeg of USDT moves BTC-USDT and its rate together; USDT-USD itself is compared with USDT-USD elsewhere. An exchange
 * where a coin stays apart from the world for longer (withdrawals stopped, a depeg that only it has) is quarantined:
 * nobody could trade on that difference.
 */
export function judge(state: Quarantine, groups: readonly Group[], time: number): readonly Verdict[] {
  return groups.flatMap(({ prices }) => judgeGroup(state, prices, time))
}

function judgeGroup(state: Quarantine, prices: readonly Price[], time: number): readonly Verdict[] {
  let trusted = prices.filter((one) => time - one.time <= PATIENCE && !fileOf(state, one).isQuarantined)
  const verdicts: Verdict[] = []
  const suspects: { readonly price: Price; readonly deviation: number }[] = []
  for (;;) {
    const worst = trusted
      .map((price) => ({ price, deviation: deviationOf(price, trusted) }))
      .filter((one): one is typeof one & { readonly deviation: number } => one.deviation !== undefined)
      .reduce<(typeof suspects)[number] | undefined>(
        (most, one) => (most === undefined || distance(one.deviation) > distance(most.deviation) ? one : most),
        undefined,
      )
    if (worst === undefined || Math.abs(worst.deviation) <= OFF) break
    suspects.push(worst)
    trusted = trusted.filter((one) => one !== worst.price)
  }
  for (const { price, deviation } of suspects) {
    const file = fileOf(state, price)
    file.offSince ??= time
    if (file.isProven && time - file.offSince < PATIENCE) continue
    file.isQuarantined = true
    file.calmSince = undefined
    verdicts.push(verdictOf(price, true, deviation))
  }
  for (const price of trusted) {
    const file = fileOf(state, price)
    if (deviationOf(price, trusted) === undefined) continue
    file.isProven = true
    file.offSince = undefined
  }
  for (const price of prices) {
    const file = fileOf(state, price)
    if (!file.isQuarantined || time - price.time > PATIENCE) continue
    const deviation = deviationOf(price, trusted)
    if (deviation === undefined) continue
    if (Math.abs(deviation) > IN_LINE) file.calmSince = undefined
    else {
      // Whatever it was in a silence, its own or that of the witnesses, it was not seen to be in line.
      if (file.calmSince === undefined || price.time - file.calmAt > PATIENCE) file.calmSince = time
      file.calmAt = Math.max(file.calmAt, price.time)
    }
    if (file.calmSince === undefined || time - file.calmSince < RELEASE_AFTER) continue
    file.isQuarantined = false
    file.isProven = true
    file.offSince = undefined
    verdicts.push(verdictOf(price, false, deviation))
  }
  return verdicts
}

const verdictOf = ({ exchange, symbol }: Price, isIn: boolean, deviation: number): Verdict => ({
  exchange,
  symbol,
  isQuarantined: isIn,
  deviation,
})

/** From the median of the other exchanges; `undefined` without enough of them. */
function deviationOf({ exchange, price }: Price, all: readonly Price[]): number | undefined {
  const byExchange = Map.groupBy(
    all.filter((one) => one.exchange !== exchange),
    (one) => one.exchange,
  )
  if (byExchange.size < WITNESSES) return undefined
  const sorted = [...byExchange.values()]
    .map((own) => own.reduce((sum, one) => sum + one.price, 0) / own.length)
    .toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0
  return price / ((lower + upper) / 2) - 1
}

/** Half as much is as far off as twice as much. */
const distance = (deviation: number): number => (deviation < 0 ? 1 / (1 + deviation) : 1 + deviation)

function fileOf(state: Quarantine, price: Price): File {
  const key = keyOf(price)
  const file = state.get(key) ?? {
    offSince: undefined,
    calmSince: undefined,
    calmAt: 0,
    isQuarantined: false,
    isProven: false,
  }
  state.set(key, file)
  return file
}
