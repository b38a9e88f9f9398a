import { arrange, element, write } from './dom.ts'
import { clockText, durationText } from './format.ts'
import { REASONS, lossesOf, placeOf, withCauses, type Ending, type GapRow, type Loss } from './gaps.ts'
import { rove } from './roving.ts'

const HOUR_MS = 3_600_000
const QUARTERS = [60, 45, 30, 15, 0]

export type Timeline = {
  /** Rows of the last hour, and the exchanges that have a lane even if nothing happened. */
  show(rows: readonly GapRow[], endings: readonly Ending[], exchanges: readonly string[], nowMs: number): void
  failed(): void
}

/** Gaps and reconnects of the last hour: a picture for the eye, and beside it the table that it is a picture of. */
export function createTimeline(picture: HTMLElement, body: HTMLTableSectionElement, summary: HTMLElement): Timeline {
  rove(body, 'tr')
  const marks = new Map<string, HTMLElement>()
  const point = (key: string | undefined): void => {
    for (const [one, mark] of marks) mark.classList.toggle('pointed', one === key)
  }
  const keyAt = (target: EventTarget | null): string | undefined => {
    const holder = target instanceof Element ? target.closest('[data-key]') : null
    return holder instanceof HTMLElement ? holder.dataset['key'] : undefined
  }
  for (const kind of ['focusin', 'pointerover']) body.addEventListener(kind, ({ target }) => point(keyAt(target)))
  for (const kind of ['focusout', 'pointerleave']) body.addEventListener(kind, () => point(undefined))

  function lane(exchange: string, losses: readonly Loss[], nowMs: number): HTMLElement {
    const row = element('div', '', 'lane')
    row.dataset['exchange'] = exchange
    const track = element('div', '', 'track')
    for (const loss of losses) {
      const place = placeOf(loss, nowMs - HOUR_MS, nowMs)
      if (place === undefined) continue
      const mark = element('span', '', `mark ${loss.reason === 'START' ? 'start' : 'loss'}`)
      mark.dataset['filled'] = loss.filled
      mark.title = `${exchange}: ${sentence(loss)}`
      // Set through the object model: an inline style attribute would be refused.
      mark.style.left = `${place.left}%`
      mark.style.width = `${place.width}%`
      marks.set(keyOf(loss), mark)
      track.append(mark)
    }
    row.append(element('span', exchange, 'exchange'), track)
    return row
  }

  return {
    show(rows, endings, exchanges, nowMs) {
      const losses = withCauses(lossesOf(rows), endings).filter(({ toMs }) => toMs >= nowMs - HOUR_MS)
      const names = [...new Set([...exchanges, ...losses.map(({ exchange }) => exchange)])].toSorted()
      const real = losses.filter(({ reason }) => reason !== 'START')
      const connects = losses.length - real.length
      write(
        summary,
        `${count(real.length, 'gap')}, ${connects === 1 ? 'connected once' : `connected ${connects} times`}`,
      )
      marks.clear()
      const axis = element('div', '', 'axis')
      axis.append(...QUARTERS.map((minutes) => element('span', minutes === 0 ? 'now' : `−${minutes} min`)))
      const lanes = names.map((name) =>
        lane(
          name,
          losses.filter(({ exchange }) => exchange === name),
          nowMs,
        ),
      )
      picture.replaceChildren(...lanes, axis)
      const known = new Map(
        [...body.children].flatMap((row) => (row instanceof HTMLElement ? [[row.dataset['key'] ?? '', row]] : [])),
      )
      const order = losses.map((loss) => known.get(keyOf(loss)) ?? rowOf(loss))
      for (const row of known.values()) if (!order.includes(row)) row.remove()
      arrange(body, order)
      const table = body.closest('.scroll')
      if (table instanceof HTMLElement) table.hidden = order.length === 0
    },
    failed: () => write(summary, 'The server did not answer; trying again.'),
  }
}

const keyOf = ({ exchange, reason, fromMs, toMs, filled, cause }: Loss): string =>
  [exchange, reason, fromMs, toMs, filled, cause].join(' ')
const count = (number: number, name: string): string =>
  `${number === 0 ? 'no' : number} ${name}${number === 1 ? '' : 's'}`
const meaning = ({ reason, cause }: Loss): string => {
  const words = REASONS[reason] ?? reason.toLowerCase()
  return cause === undefined ? words : `${words}: ${cause}`
}
const length = ({ reason, fromMs, toMs }: Loss): string => (reason === 'START' ? '–' : durationText(toMs - fromMs))
const filledText = ({ reason, filled }: Loss): string => (reason === 'START' ? '–' : filled)
const sentence = (loss: Loss): string =>
  loss.reason === 'START'
    ? `${meaning(loss)} ${clockText(loss.toMs)}`
    : `${meaning(loss)} ${clockText(loss.fromMs)} to ${clockText(loss.toMs)}, backfilled: ${loss.filled}`

function symbolsText({ symbols }: Loss): string {
  if (symbols.length === 0) return 'all'
  return symbols.length > 2 ? `${symbols[0]} and ${symbols.length - 1} more` : symbols.join(', ')
}

function rowOf(loss: Loss): HTMLElement {
  const row = element('tr')
  row.dataset['key'] = keyOf(loss)
  row.dataset['reason'] = loss.reason
  row.tabIndex = -1
  const cells: readonly (readonly [string, string])[] = [
    [
      'text when',
      loss.reason === 'START' ? clockText(loss.toMs) : `${clockText(loss.fromMs)} – ${clockText(loss.toMs)}`,
    ],
    ['text exchange', loss.exchange],
    ['text what', meaning(loss)],
    ['lasted', length(loss)],
    ['text symbols', symbolsText(loss)],
    ['text filled', filledText(loss)],
  ]
  row.append(...cells.map(([name, text]) => element('td', text, name)))
  row.querySelector('.symbols')?.setAttribute('title', loss.symbols.join(', '))
  return row
}
