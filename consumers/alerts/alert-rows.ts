import type { WrittenAlert } from '../../core/alert.ts'
import { micros, type Micros } from '../../core/time.ts'
import type { Entry } from '../sink.ts'

/** An alert as it is stored: what follows it in the same statement has resolved it already, or lets it pass. */
export type AlertRow = {
  readonly alert: WrittenAlert
  readonly offset: number
  readonly resolvedAt: Micros | undefined
  /** When it passes by itself; `undefined`: it waits for its RESOLVED. */
  readonly expiresAt: Micros | undefined
}

/** What becomes of the alerts of a story that stand before `offset`. */
export type Ending = {
  readonly alertKey: string
  readonly offset: number
  /** After a renewal: when those pass that nobody resolves until then. */
  readonly expiresAt: Micros | undefined
  /** Resolves those that have not passed by then. */
  readonly resolvedAt: Micros | undefined
}

/**
 * Rows in the order of the log, and of each story what becomes of all that was stored before. The same rows come of the same
 * log in whatever batches.
 */
export function alertRows(
  entries: readonly Entry<WrittenAlert>[],
  passMs: number,
): { readonly rows: readonly AlertRow[]; readonly endings: readonly Ending[] } {
  const rows: AlertRow[] = []
  const next = new Map<string, Ending>()
  const after = (at: Micros): Micros => micros(at + passMs * 1000)
  for (const { value, offset } of entries.toReversed()) {
    const { alertKey, phase, reason, resolves, at } = value
    const coming = next.get(alertKey)
    if (phase === 'RESOLVED') {
      const ending =
        reason === 'renew'
          ? { expiresAt: after(at), resolvedAt: coming?.resolvedAt }
          : { expiresAt: undefined, resolvedAt: at }
      next.set(alertKey, { alertKey, offset, ...ending })
      rows.push({ alert: value, offset, resolvedAt: at, expiresAt: undefined })
      continue
    }
    const expiresAt = resolves ? coming?.expiresAt : after(at)
    const resolvedAt = coming?.resolvedAt
    const isInTime = resolvedAt !== undefined && resolvedAt < (expiresAt ?? Infinity)
    rows.push({ alert: value, offset, resolvedAt: isInTime ? resolvedAt : undefined, expiresAt })
  }
  return { rows: rows.toReversed(), endings: [...next.values()] }
}
