import type { AlertPhase } from '../../core/alert.ts'
import type { Severity, Told } from '../../core/match.ts'
import type { Feed } from '../../core/tick.ts'

/** What a message says of one alert. */
export type Tellable = {
  readonly alertId: string
  readonly phase: AlertPhase
  readonly severity: Severity
  readonly type: string
  readonly title: string
  /** Microseconds since the epoch. */
  readonly atMicros: number
  readonly feed: Feed
  readonly exchange: string | undefined
  readonly symbol: string | undefined
  readonly fields: Readonly<Record<string, Told>>
  readonly suppressed: number
}

const MOST_FIELDS = 8
const LONGEST_TITLE = 120
const LONGEST_FIELD = 60
const LONGEST_FIELDS = 300

/** One line for a list of messages or a mail's subject. */
export function headline(alerts: readonly Tellable[]): string {
  const [first] = alerts
  if (first === undefined) return 'nothing'
  if (alerts.length === 1) return headOf(first)
  const worst = (['critical', 'warning', 'info'] as const).find((one) =>
    alerts.some(({ severity }) => severity === one),
  )
  const titles = [...new Set(alerts.map(({ title }) => plain(title, LONGEST_TITLE)))]
  const of = titles.length > 2 ? `${titles.slice(0, 2).join(', ')} and others` : titles.join(', ')
  const unreal = alerts.every(({ feed }) => feed === first.feed) ? markOf(first.feed) : ' (not all LIVE)'
  return `${(worst ?? 'info').toUpperCase()}: ${alerts.length} alerts: ${of}${unreal}`
}

/**
 * The text of a message, plain. `page` is the address of the page, if one is configured; `uncertain`: an attempt before may have
 * arrived.
 */
export function textOf(alerts: readonly Tellable[], page: string | undefined, uncertain: boolean): string {
  const blocks = alerts.map((alert) => blockOf(alert, page))
  const head = alerts.length === 1 ? [] : [headline(alerts)]
  const note = uncertain ? ['(This may be a repeat: nobody knows whether an earlier attempt arrived.)'] : []
  return [...head, ...blocks, ...note].join('\n\n')
}

function blockOf(alert: Tellable, page: string | undefined): string {
  const { fields, suppressed, atMicros, alertId } = alert
  return [
    headOf(alert),
    fieldsOf(fields),
    ...(suppressed > 0 ? [`${suppressed} more held back by the cool-down`] : []),
    timeOf(atMicros),
    ...(page === undefined ? [] : [linkOf(page, alert)]),
    `id ${alertId}`,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function headOf({ phase, severity, title, exchange, symbol, feed }: Tellable): string {
  const what = phase === 'RESOLVED' ? 'RESOLVED' : severity.toUpperCase()
  const where = [symbol, exchange === undefined || exchange === '*' ? undefined : `on ${exchange}`]
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
  return `${what}: ${plain(title, LONGEST_TITLE)}${where === '' ? '' : `, ${plain(where, LONGEST_TITLE)}`}${markOf(feed)}`
}

/** Nobody shall take the simulator for the market. */
const markOf = (feed: Feed): string => (feed === 'LIVE' ? '' : ` (${feed})`)

function fieldsOf(fields: Readonly<Record<string, Told>>): string {
  const told = Object.entries(fields).filter(([, value]) => value !== null)
  const shown = told.slice(0, MOST_FIELDS).map(([name, value]) => `${plain(name, LONGEST_FIELD)} ${valueOf(value)}`)
  const more = told.length > MOST_FIELDS ? [`${told.length - MOST_FIELDS} more`] : []
  return cut([...shown, ...more].join(', '), LONGEST_FIELDS)
}

const valueOf = (value: Told): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(8))) : plain(String(value), LONGEST_FIELD)

/** `2026-11-21 18:29:42.123 UTC`. */
const timeOf = (atMicros: number): string =>
  `${new Date(Math.floor(atMicros / 1000)).toISOString().replace('T', ' ').replace('Z', '')} UTC`

/** Of a rule's alert, whose id is that of its match: the match with its evidence; else the symbol. */
function linkOf(page: string, { alertId, symbol }: Tellable): string {
  const rule = /^([a-z0-9-]+)@\d+:\d+:\d+:\d+$/.exec(alertId)?.[1]
  if (rule !== undefined) return `${page}/?rule=${rule}&match=${alertId}`
  return symbol === undefined || symbol === '' ? page : `${page}/?symbol=${encodeURIComponent(symbol)}`
}

/** On one line, without control characters (nor those that turn the direction of writing) that a title could bring along. */
const plain = (text: string, longest: number): string =>
  cut(text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim(), longest)

/** By code points: half a character is none. */
export function cut(text: string, longest: number): string {
  const points = Array.from(text)
  return points.length <= longest ? text : `${points.slice(0, longest - 1).join('')}…`
}
