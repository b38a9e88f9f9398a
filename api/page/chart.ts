import { LineSeries, LineStyle, LineType, type ISeriesApi, type LineSeriesPartialOptions } from 'lightweight-charts'
import { isTimestamp, openBase } from './chart-base.ts'
import type { Line } from './documents.ts'
import type { Point } from './points.ts'

export type Chart = {
  /** All points of a line, ascending. */
  set(line: Line, points: readonly Point[]): void
  /** The newest point of a line: a second later than all others, or the same again. */
  update(line: Line, point: Point): void
  show(isShown: (line: Line) => boolean): void
  /** Shows so many seconds, or all there is. */
  fit(seconds: number | undefined): void
  remove(): void
}

/** Shapes tell the kinds of lines apart, colours only the exchanges: bids solid, asks dashed, trades dots without a line. */
const SHAPES = {
  bid: { lineStyle: LineStyle.Solid, lineType: LineType.WithSteps },
  ask: { lineStyle: LineStyle.Dashed, lineType: LineType.WithSteps },
  trade: { lineVisible: false, pointMarkersVisible: true, pointMarkersRadius: 2, lastValueVisible: false },
  close: { lineStyle: LineStyle.Solid, lineType: LineType.Simple },
} as const satisfies Readonly<Record<Line['line'], LineSeriesPartialOptions>>

/** The chart of one symbol's lines; with `chart-base.ts` and `evidence-chart.ts` all that knows the library. */
export function openChart(place: HTMLElement, colourNameOf: (exchange: string) => string, digits: number): Chart {
  const series = new Map<string, { readonly line: Line; readonly api: ISeriesApi<'Line'> }>()
  const { chart, colour, onPaint, isNarrow, remove } = openBase(place, {
    timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 3, minBarSpacing: 0.1 },
    // Months and weekdays of the reader's language, hours of UTC.
    localization: { dateFormat: 'yyyy-MM-dd' },
  })
  const colourOf = (exchange: string): string => colour(colourNameOf(exchange))
  onPaint(() => {
    for (const { line, api } of series.values()) api.applyOptions({ color: colourOf(line.exchange) })
  })

  function seriesOf(line: Line): ISeriesApi<'Line'> {
    const key = `${line.exchange} ${line.line}`
    const known = series.get(key)
    if (known !== undefined) return known.api
    const api = chart.addSeries(LineSeries, {
      ...SHAPES[line.line],
      color: colourOf(line.exchange),
      lineWidth: 2,
      title: titleOf(line),
      priceLineVisible: false,
      priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits },
    })
    series.set(key, { line, api })
    return api
  }
  /** Where there is room: on a phone it would cover the lines. */
  const titleOf = ({ exchange, line }: Line): string =>
    line === 'trade' || isNarrow() ? '' : line === 'close' ? exchange : `${exchange} ${line}`
  const pointOf = ({ time, value }: Point) => (isTimestamp(time) ? [{ time, value }] : [])
  return {
    set: (line, points) => seriesOf(line).setData(points.flatMap(pointOf)),
    update(line, point) {
      for (const one of pointOf(point)) seriesOf(line).update(one)
    },
    show(isShown) {
      for (const { line, api } of series.values()) api.applyOptions({ visible: isShown(line) })
    },
    fit(seconds) {
      const scale = chart.timeScale()
      scale.fitContent()
      const all = scale.getVisibleLogicalRange()
      if (seconds === undefined || all === null) return
      const room = isNarrow() ? 2 : 9
      scale.setVisibleLogicalRange({ from: all.to - seconds, to: all.to + room })
    },
    remove,
  }
}
