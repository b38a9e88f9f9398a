import {
  ColorType,
  createChart,
  type ChartOptions,
  type DeepPartial,
  type IChartApi,
  type UTCTimestamp,
} from 'lightweight-charts'

const NARROW_PX = 600

export type ChartBase = {
  readonly chart: IChartApi
  /** A used colour by the name of a custom property. */
  readonly colour: (name: string) => string
  /** Where a title would cover the lines. */
  readonly isNarrow: () => boolean
  /** Called at once, and again when dark and light change. */
  readonly onPaint: (paint: () => void) => void
  readonly remove: () => void
}

export const isTimestamp = (time: number): time is UTCTimestamp => Number.isSafeInteger(time)

/** A chart in the page's colours and type. */
export function openBase(place: HTMLElement, options: DeepPartial<ChartOptions> = {}): ChartBase {
  const probe = document.createElement('span')
  place.append(probe)
  // Custom properties hold light-dark(); only a used colour tells which of the two it is.
  const colour = (name: string): string => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const chart = createChart(place, {
    autoSize: true,
    rightPriceScale: { scaleMargins: { top: 0.12, bottom: 0.12 } },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
    ...options,
    // The library's licence asks for the logo.
    layout: { attributionLogo: true, fontFamily: getComputedStyle(place).fontFamily, fontSize: 12 },
  })
  const paints: (() => void)[] = []
  const paint = (): void => {
    chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: colour('--surface') },
        textColor: colour('--muted'),
        panes: { separatorColor: colour('--line'), enableResize: false },
      },
      grid: { vertLines: { color: colour('--line') }, horzLines: { color: colour('--line') } },
      timeScale: { borderColor: colour('--line') },
      rightPriceScale: { borderColor: colour('--line') },
    })
    for (const one of paints) one()
  }
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  scheme.addEventListener('change', paint)
  paint()
  return {
    chart,
    colour,
    isNarrow: () => place.clientWidth < NARROW_PX,
    onPaint(one) {
      paints.push(one)
      one()
    },
    remove() {
      scheme.removeEventListener('change', paint)
      chart.remove()
      probe.remove()
    },
  }
}
