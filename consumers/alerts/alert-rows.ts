import type { WrittenAlert } from '../../core/alert.ts'
import type { Micros } from '../../core/time.ts'
import type { Entry } from '../sink.ts'

/** An alert as it is stored: what follows it in the same statement has resolved it already. */
export type AlertRow = {
  readonly alert: WrittenAlert
  readonly offset: number
  readonly resolvedAt: Micros | undefined
}

/** A story that ends: every alert of it that stands before `offset` is resolved. */
export type Ending = { readonly alertKey: string; readonly offset: number; readonly at: Micros }

/** Rows in the order of the log, and of each story the first ending, which is that of all that was stored before. */
export function alertRows(entries: readonly Entry<WrittenAlert>[]): {
  readonly rows: readonly AlertRow[]
  readonly endings: readonly Ending[]
} {
  const rows: AlertRow[] = []
  const next = new Map<string, Ending>()
  for (const { value, offset } of entries.toReversed()) {
    const { alertKey, phase, at } = value
    if (phase === 'RESOLVED') next.set(alertKey, { alertKey, offset, at })
    rows.push({ alert: value, offset, resolvedAt: next.get(alertKey)?.at })
  }
  return { rows: rows.toReversed(), endings: [...next.values()] }
}
