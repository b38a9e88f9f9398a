import { toIso, type Micros } from '../core/time.ts'
import type { AlertBoard } from './alert-board.ts'
import { alertFilterKey, alertFits, type AlertFilter, type AlertItem } from './alert.ts'
import { createFanOut, jsonTexts, type FanOut } from './fan-out.ts'
import { LIMITS, type Limits } from './hub.ts'

/** Fan-out of alerts: first what is not resolved, then each that fires, resolves its story or is acknowledged. */
export type AlertHub = FanOut<AlertFilter>

export function createAlertHub(board: AlertBoard, source: string, limits: Limits = LIMITS): AlertHub {
  const textOf = jsonTexts()
  const frame = (type: string, now: Micros, more: object, alerts: readonly AlertItem[]): Buffer => {
    const head = { type, channel: 'alerts', sequence: board.sequence(), time: toIso(now), source, ...more }
    return Buffer.from(`${JSON.stringify(head).slice(0, -1)},"alerts":[${alerts.map(textOf).join(',')}]}`)
  }
  return createFanOut(
    {
      sequence: () => board.sequence(),
      since: (sequence) => board.since(sequence),
      keyOf: alertFilterKey,
      state(filter, now) {
        const wanted = board.open().filter((alert) => alertFits(filter, alert))
        return frame('snapshot', now, { isWhole: board.isWhole() }, wanted)
      },
      update(changes, filter, now) {
        const wanted = changes.flatMap(({ alert, rank }) => (alertFits(filter, alert, rank) ? [alert] : []))
        return wanted.length === 0 ? undefined : frame('alert', now, {}, wanted)
      },
    },
    limits,
  )
}
