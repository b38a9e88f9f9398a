import type { Asset, Place } from './places.ts'
import { bell, type Random } from './random.ts'

/** One step of the model; frames are paced in steps too. */
export const STEP_MICROS = 5000
export const STEPS_PER_SECOND = 1_000_000 / STEP_MICROS

/** About three times the volatility of a usual day, so that a viewer sees prices move. */
const STEP_VOLATILITY = 2.5e-4 / Math.sqrt(STEPS_PER_SECOND)
const STORM_FACTOR = 3.5
/** Pull back to the first price: a simulator left running for a month must not drift to nonsense. */
const PULL = 1 / (6 * 3600 * STEPS_PER_SECOND)
/** With fewer frames than this for a book and second, prices move less: they could not be told. */
const TOLD_PER_BOOK = 4

/** How much prices move in a step: two regimes, whose persistence makes the clusters of volatility. */
export const stepVolatility = (isStorm: boolean, framesPerSecond: number, books: number): number =>
  STEP_VOLATILITY *
  (isStorm ? STORM_FACTOR : 1) *
  Math.min(1, Math.sqrt(framesPerSecond / (TOLD_PER_BOOK * Math.max(1, books))))

/** One step of all prices: one factor for the whole market, and each asset's own; then what each exchange makes of them. */
export function movePrices(
  assets: readonly Asset[],
  places: readonly Place[],
  volatility: number,
  random: Random,
): void {
  const factor = bell(random)
  for (const asset of assets) {
    const { volatility: relative, beta, price } = asset.model
    if (relative > 0) {
      const own = relative * relative - beta * beta
      const rest = Math.sqrt(own > 0.01 ? own : relative * relative * 0.2) * bell(random)
      asset.walked *= 1 + volatility * (beta * factor + rest) + PULL * (price / asset.walked - 1)
    }
    asset.price = asset.walked * (1 + asset.depeg)
  }
  for (const { views, manners } of places) {
    for (const view of views) {
      view.price += (view.asset.price - view.price) * manners.follow
      const own = view.asset.model.volatility
      if (own > 0) view.noise += -0.02 * view.noise + manners.noiseBps * 1e-4 * Math.min(1, own) * bell(random)
    }
  }
}
