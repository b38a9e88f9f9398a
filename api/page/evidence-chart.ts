import {
  LineSeries,
  LineStyle,
  LineType,
  createSeriesMarkers,
  type ISeriesApi,
  type SeriesMarker,
  type Time,
} from 'lightweight-charts'
import { isTimestamp, openBase } from './chart-base.ts'
import { onGrid, stepOf, windowOf, type Held } from './evidence.ts'

export type Evidence = {
  readonly openedAtMs: number
  /** `undefined` while it is open. */
  readonly closedAtMs: number | undefined
  readonly endMs: number
  /** The prices that were paid and got, in the order of the legs. */
  readonly legs: readonly { readonly name: string; readonly prices: readonly Held[] }[]
  readonly edges: readonly Held[]
}

export type EvidenceChart = { show(evidence: Evidence): void; remove(): void }

const EDGE_PANE_PX = 96

/** Milliseconds stand in for the library's seconds: most opportunities are over within one. */
const clock = (time: Time): string => (typeof time === 'number' ? new Date(time).toISOString().slice(11, 23) : '')

/** The prices of both legs over one opportunity's life, its beginning and end marked, and its edge below. */
export function openEvidenceChart(place: HTMLElement, digits: number): EvidenceChart {
  const base = openBase(place, {
    timeScale: {
      rightOffset: 2,
      minBarSpacing: 0.1,
      tickMarkFormatter: (time: Time) => clock(time).slice(0, 10),
    },
    localization: { timeFormatter: clock },
  })
  const { chart, colour, onPaint } = base
  const price = { type: 'price', precision: digits, minMove: 10 ** -digits } as const
  const edge = chart.addSeries(
    LineSeries,
    {
      lineWidth: 2,
      lineType: LineType.WithSteps,
      title: 'edge, bps',
      priceLineVisible: false,
      priceFormat: { type: 'price', precision: 1, minMove: 0.1 },
    },
    1,
  )
  chart.panes()[1]?.setHeight(EDGE_PANE_PX)
  const lines: ISeriesApi<'Line'>[] = []
  const markers: ReturnType<typeof createSeriesMarkers<Time>>[] = []
  let shown: Evidence | undefined

  const data = (values: readonly Held[], window: ReturnType<typeof windowOf>, untilMs = Infinity) =>
    onGrid(values, window).flatMap(({ timeMs, value }) =>
      isTimestamp(timeMs) ? [value === undefined || timeMs > untilMs ? { time: timeMs } : { time: timeMs, value }] : [],
    )
  function mark({ openedAtMs, closedAtMs }: Evidence, window: ReturnType<typeof windowOf>): void {
    const at = (ms: number | undefined, text: string): readonly SeriesMarker<Time>[] => {
      const time = ms === undefined ? undefined : stepOf(ms, window)
      return time !== undefined && isTimestamp(time)
        ? [{ time, position: 'aboveBar', shape: 'arrowDown', color: colour('--text'), text }]
        : []
    }
    markers.at(-1)?.setMarkers([...at(openedAtMs, 'OPEN'), ...at(closedAtMs, 'CLOSE')])
  }

  function show(evidence: Evidence): void {
    const isFirst = shown === undefined
    shown = evidence
    const window = windowOf(evidence.openedAtMs, evidence.endMs)
    for (const [index, { name, prices }] of evidence.legs.entries()) {
      const line =
        lines[index] ??
        chart.addSeries(LineSeries, {
          lineWidth: 2,
          lineType: LineType.WithSteps,
          lineStyle: index === 0 ? LineStyle.Dashed : LineStyle.Solid,
          priceLineVisible: false,
          priceFormat: price,
          title: base.isNarrow() ? '' : name,
        })
      if (lines[index] === undefined) {
        lines.push(line)
        onPaint(() => line.applyOptions({ color: colour(`--series-${index % 6}`) }))
        // What is sold lies above what is bought.
        markers.push(createSeriesMarkers<Time>(line, []))
      }
      line.setData(data(prices, window))
    }
    // The edge it closed with is seen too.
    const { closedAtMs } = evidence
    edge.setData(data(evidence.edges, window, closedAtMs === undefined ? Infinity : stepOf(closedAtMs, window)))
    mark(evidence, window)
    if (isFirst) chart.timeScale().fitContent()
  }
  onPaint(() => {
    edge.applyOptions({ color: colour('--series-3') })
    if (shown !== undefined) mark(shown, windowOf(shown.openedAtMs, shown.endMs))
  })
  return { show, remove: base.remove }
}
