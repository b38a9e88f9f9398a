import { find, write } from './dom.ts'
import { numberOf, recordOf } from './fields.ts'
import { ageText } from './format.ts'
import { createOpenSignals } from './open-signals.ts'
import type { Rest } from './rest.ts'
import { createSignalHistory } from './signal-history.ts'
import { readSignals, type SignalMessage } from './signals.ts'

export type Opportunities = {
  apply(message: SignalMessage): void
  /** Each second. */
  refresh(): void
  /** The history is looked at, or not any more. */
  look(isShown: boolean): void
}

/** What is open now, on the overview; what was, in a view of its own. */
export function createOpportunities(rest: Rest, now: () => number): Opportunities {
  const open = createOpenSignals(find('open-signals', HTMLTableSectionElement))
  const history = createSignalHistory(rest)
  const empty = find('open-empty', HTMLElement)
  const table = find('open-table', HTMLElement)
  const count = find('open-count', HTMLElement)
  /** When the newest one that is over was last there. */
  let lastMs: number | undefined
  let openBps: number | undefined
  let isGoverned: boolean | undefined
  let isAsking = false

  /** What an empty list is to say: above which edge nothing is, and when there was something. */
  async function ask(): Promise<void> {
    if (isAsking) return
    isAsking = true
    try {
      const [config, newest] = await Promise.all([
        rest.ask('/api/v1/arbitrage/config'),
        rest.ask('/api/v1/signals?state=closed&limit=1'),
      ])
      isGoverned = recordOf(config)['epoch'] !== undefined
      openBps = numberOf(recordOf(recordOf(config)['config'])['openBps'])
      const [last] = readSignals(newest)
      if (last !== undefined) lastMs = Math.max(lastMs ?? 0, last.closedAtMs || last.updatedAtMs)
    } catch {
      // The next state, or the next end, asks again.
    } finally {
      isAsking = false
    }
    show()
  }

  function show(): void {
    const number = open.count()
    write(count, number === 0 ? 'none open' : `${number} open`)
    table.hidden = number === 0
    empty.hidden = number > 0
    const above = openBps === undefined ? '' : ` above ${openBps} bps`
    const last = lastMs === undefined ? 'none within 31 days' : `last one ${ageText(now() - lastMs)} ago`
    write(
      empty,
      isGoverned === false
        ? 'No fees and thresholds are in force yet, so nothing is looked for.'
        : `No opportunity${above} now; ${last}.`,
    )
  }

  return {
    apply(message) {
      open.apply(message)
      for (const { isOpen, closedAtMs, updatedAtMs } of message.signals)
        if (!isOpen) lastMs = Math.max(lastMs ?? 0, closedAtMs || updatedAtMs)
      if (message.isState) void ask()
      else if (message.signals.length > 0) history.changed()
      show()
    },
    refresh() {
      open.refresh(now())
      show()
    },
    look(isShown) {
      if (isShown) history.open()
      else history.close()
    },
  }
}
