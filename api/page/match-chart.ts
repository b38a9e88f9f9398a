import {
  CandlestickSeries,
  createSeriesMarkers,
  type CandlestickData,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts'
import type { Bar } from './bars.ts'
import { isTimestamp, openBase } from './chart-base.ts'
import type { Mark } from './match-window.ts'

/** A step of the time axis, with its candle if there is one. */
export type Step = { readonly time: number; readonly bar: Bar | undefined }
export type MatchChart = { show(steps: readonly Step[], marks: readonly Mark[]): void; remove(): void }

/** Candles around a match, with its evidence marked below them and its own moment above. */
export function openMatchChart(place: HTMLElement, digits: number): MatchChart {
  const { chart, colour, onPaint, remove } = openBase(place, {
    timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 2, minBarSpacing: 0.5 },
    localization: { dateFormat: 'yyyy-MM-dd' },
  })
  const candles = chart.addSeries(CandlestickSeries, {
    borderVisible: false,
    priceLineVisible: false,
    priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits },
  })
  const markers = createSeriesMarkers<Time>(candles, [])
  let shown: readonly Mark[] = []
  const mark = (): void =>
    markers.setMarkers(
      shown.flatMap(({ time, kind, text }): readonly SeriesMarker<Time>[] => {
        if (!isTimestamp(time)) return []
        return kind === 'at'
          ? [{ time, position: 'aboveBar', shape: 'arrowDown', color: colour('--warn'), text }]
          : [{ time, position: 'belowBar', shape: 'circle', color: colour('--second'), text }]
      }),
    )
  onPaint(() => {
    const [up, down] = [colour('--rise'), colour('--fall')]
    candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down })
    mark()
  })
  return {
    show(steps, marks) {
      shown = marks
      candles.setData(
        steps.flatMap(({ time, bar }): readonly (CandlestickData<UTCTimestamp> | WhitespaceData<UTCTimestamp>)[] => {
          if (!isTimestamp(time)) return []
          if (bar === undefined) return [{ time }]
          const { open, high, low, close } = bar
          return [{ time, open, high, low, close }]
        }),
      )
      mark()
      chart.timeScale().fitContent()
    },
    remove,
  }
}
