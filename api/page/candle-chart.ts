import { CandlestickSeries, HistogramSeries } from 'lightweight-charts'
import { isTimestamp, openBase } from './chart-base.ts'
import type { Bar } from './bars.ts'

export type CandleChart = { show(bars: readonly Bar[], isDaily: boolean): void; remove(): void }

/** Candlesticks with their volumes. */
export function openCandleChart(place: HTMLElement, digits: number): CandleChart {
  const { chart, colour, onPaint, remove } = openBase(place, {
    timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 3, minBarSpacing: 0.5 },
    localization: { dateFormat: 'yyyy-MM-dd' },
  })
  const volumes = chart.addSeries(HistogramSeries, {
    priceScaleId: 'volume',
    priceLineVisible: false,
    lastValueVisible: false,
  })
  chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } })
  const candles = chart.addSeries(CandlestickSeries, {
    borderVisible: false,
    priceLineVisible: false,
    priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits },
  })
  onPaint(() => {
    const [up, down] = [colour('--rise'), colour('--fall')]
    candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down })
    volumes.applyOptions({ color: colour('--line') })
  })
  let count = 0
  return {
    show(bars, isDaily) {
      const all = bars.flatMap(({ time, ...bar }) => (isTimestamp(time) ? [{ time, ...bar }] : []))
      candles.setData(all.map(({ time, open, high, low, close }) => ({ time, open, high, low, close })))
      volumes.setData(all.map(({ time, volume }) => ({ time, value: volume })))
      chart.timeScale().applyOptions({ timeVisible: !isDaily })
      // What somebody looks at stays where it is.
      if (count === 0 && all.length > 0) chart.timeScale().fitContent()
      count = all.length
    },
    remove,
  }
}
