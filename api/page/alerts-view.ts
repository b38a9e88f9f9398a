import {
  createKnownAlerts,
  matcherOf,
  readAlerts,
  readOneAlert,
  readSilences,
  type Alert,
  type AlertMessage,
  type Silence,
} from './alerts.ts'
import { element, find, write } from './dom.ts'
import { ageText } from './format.ts'
import { keyText } from './matches.ts'
import { createOpenAlerts } from './open-alerts.ts'
import { createPastAlerts } from './past-alerts.ts'
import { createPoll } from './poll.ts'
import type { Rest } from './rest.ts'
import type { Outcome, Writer } from './writing.ts'

const POLL_MS = 5000
const HOUR_MS = 3_600_000

export type AlertsView = {
  apply(message: AlertMessage): void
  /** Each second. */
  refresh(): void
  look(isShown: boolean): void
}

/** Alerts that are open, as they come; silences; what somebody has seen or is over. */
export function createAlertsView(rest: Rest, writer: Writer, now: () => number): AlertsView {
  const known = createKnownAlerts()
  const problem = find('alerts-problem', HTMLElement)
  const done = find('alerts-done', HTMLElement)
  const empty = find('alerts-empty', HTMLElement)
  const table = find('alerts-open-table', HTMLElement)
  const open = createOpenAlerts(find('alerts-open', HTMLTableSectionElement), {
    acknowledge: (alert) => void acknowledge(alert),
    silence: (alert, hours) => void silence(alert, hours),
  })
  const past = createPastAlerts(rest, () => poll.again())
  let isShown = false
  /** Until the socket tells them, they are asked for. */
  let isTold = false

  const poll = createPoll(POLL_MS, async (signal) => {
    try {
      if (!isTold) {
        const document = await rest.ask('/api/v1/alerts?phase=FIRED&state=open&limit=1000', signal)
        if (!isTold) known.apply({ isState: true, alerts: readAlerts(document) })
        show()
      }
      showSilences(readSilences(await rest.ask('/api/v1/silences?state=active&limit=100', signal)))
      await past.load(signal)
    } catch {
      if (!signal.aborted) write(find('alerts-past-status', HTMLElement), 'They could not be loaded; trying again.')
    }
  })

  function show(): void {
    const alerts = known.list()
    open.show(alerts)
    open.refresh(now())
    table.hidden = alerts.length === 0
    empty.hidden = alerts.length > 0
    write(find('alerts-count', HTMLElement), alerts.length === 0 ? '' : `${alerts.length} open`)
    write(find('alerts-badge', HTMLElement), alerts.length === 0 ? '' : String(alerts.length))
  }

  function showSilences(silences: readonly Silence[]): void {
    find('silences-panel', HTMLElement).hidden = silences.length === 0
    find('silences', HTMLElement).replaceChildren(
      ...silences.map((one) => {
        const item = element('li')
        const end = element('button', 'End')
        end.type = 'button'
        end.setAttribute('aria-label', `End the silence of ${keyText(one.matcher)}`)
        end.addEventListener('click', () => void endSilence(one.id))
        const left = ageText(one.endsAtMs - now())
        item.append(element('strong', keyText(one.matcher)), ` for ${left} more, by ${one.author} `, end)
        return item
      }),
    )
  }

  /** Whether it was done; else the reason is shown. */
  function isDone(outcome: Outcome, what: string): outcome is Extract<Outcome, { readonly kind: 'done' }> {
    write(problem, outcome.kind === 'refused' ? `${what}: ${outcome.sentence}` : '')
    write(done, '')
    return outcome.kind === 'done'
  }

  async function acknowledge({ id, title }: Alert): Promise<void> {
    const path = `/api/v1/alerts/${encodeURIComponent(id)}/ack`
    const outcome = await writer.send({ method: 'POST', path, body: {} })
    if (!isDone(outcome, title)) return
    known.apply({ isState: false, alerts: [readOneAlert(outcome.document)] })
    show()
    poll.again()
  }

  async function silence(alert: Alert, hours: number): Promise<void> {
    const endsAt = new Date(now() + hours * HOUR_MS).toISOString()
    const body = { matcher: matcherOf(alert), endsAt, comment: 'From the page' }
    const outcome = await writer.send({ method: 'POST', path: '/api/v1/silences', body })
    if (!isDone(outcome, alert.title)) return
    write(
      done,
      `${alert.ruleId ?? alert.type} is not told to any channel for ${hours} h. It goes on being listed here.`,
    )
    poll.again()
  }

  async function endSilence(id: number): Promise<void> {
    const outcome = await writer.send({ method: 'DELETE', path: `/api/v1/silences/${id}` })
    if (isDone(outcome, 'The silence')) poll.again()
  }

  return {
    apply(message) {
      if (message.isState) isTold = true
      known.apply(message)
      show()
      // What resolved is stored a moment later; the next round has it.
    },
    refresh() {
      if (isShown) open.refresh(now())
    },
    look(wanted) {
      if (wanted === isShown) return
      isShown = wanted
      write(problem, '')
      write(done, '')
      if (!wanted) return poll.stop()
      show()
      poll.start()
    },
  }
}
