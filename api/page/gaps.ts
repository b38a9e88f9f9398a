/** A gap as the API lists it; without a symbol it concerns all of the exchange. */
export type GapRow = {
  readonly exchange: string
  readonly symbol: string | undefined
  readonly reason: string
  readonly fromMs: number
  readonly toMs: number
  readonly session: string
  readonly backfilled: boolean
}

/** One event as a person sees it: a lost connection is one, however many symbols and partitions it met. */
export type Loss = {
  readonly exchange: string
  readonly reason: string
  readonly fromMs: number
  readonly toMs: number
  /** Empty: all of the exchange. */
  readonly symbols: readonly string[]
  readonly filled: 'yes' | 'in part' | 'no'
  /** What the producer said about it, if it did. */
  readonly cause?: string
}

/** A connection that ended or was not to be had, as a producer tells it. */
export type Ending = { readonly exchange: string; readonly timeMs: number; readonly message: string }

/** A loss begins with the last trade before the connection ended, and the event is written when that is noticed. */
const NEAR_MS = 2000

/** Tells for lost connections why: by the last ending of the exchange around them. */
export const withCauses = (losses: readonly Loss[], endings: readonly Ending[]): readonly Loss[] =>
  losses.map((loss) => {
    if (loss.reason !== 'DISCONNECT') return loss
    const cause = endings.findLast(
      ({ exchange, timeMs }) =>
        exchange === loss.exchange && timeMs >= loss.fromMs - NEAR_MS && timeMs <= loss.toMs + NEAR_MS,
    )
    return cause === undefined ? loss : { ...loss, cause: cause.message }
  })

/** What a gap's reason means, in a few words; the API's closed list. */
export const REASONS: Readonly<Record<string, string>> = {
  START: 'connected',
  DISCONNECT: 'connection lost',
  SEQUENCE: 'numbers missing',
  STALL: 'fell silent',
  OVERFLOW: 'too much at once',
}

/**
 * Gap rows as events, the newest first. Rows of one session and reason that overlap are one. WITHDRAWN is left out: nothing
 * is missing there. START is the moment a session began to speak, so it has no length here.
 */
export function lossesOf(rows: readonly GapRow[]): readonly Loss[] {
  const groups: Group[] = []
  const open = new Map<string, Group>()
  for (const row of rows.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (row.reason === 'WITHDRAWN') continue
    const key = `${row.exchange} ${row.session} ${row.reason}`
    const group = open.get(key)
    if (group !== undefined && (row.reason === 'START' || row.fromMs <= group.toMs)) {
      group.toMs = Math.max(group.toMs, row.toMs)
      group.rows.push(row)
    } else {
      const made = { toMs: row.toMs, rows: [row] }
      open.set(key, made)
      groups.push(made)
    }
  }
  return groups
    .flatMap(lossOf)
    .toSorted((a, b) => b.toMs - a.toMs || b.fromMs - a.fromMs || (a.exchange < b.exchange ? -1 : 1))
}

function lossOf({ toMs, rows }: Group): readonly Loss[] {
  const [first] = rows
  if (first === undefined) return []
  const { exchange, reason, fromMs } = first
  const isAll = rows.some(({ symbol }) => symbol === undefined)
  const filled = rows.filter(({ backfilled }) => backfilled).length
  return [
    {
      exchange,
      reason,
      fromMs: reason === 'START' ? toMs : fromMs,
      toMs,
      symbols: isAll ? [] : [...new Set(rows.flatMap(({ symbol }) => symbol ?? []))].toSorted(),
      filled: filled === 0 ? 'no' : filled === rows.length ? 'yes' : 'in part',
    },
  ]
}

/** Where an event lies on an axis from `startMs` to `endMs`, in percent; `undefined` if outside. */
export function placeOf(
  { fromMs, toMs }: Pick<Loss, 'fromMs' | 'toMs'>,
  startMs: number,
  endMs: number,
): { readonly left: number; readonly width: number } | undefined {
  if (toMs < startMs || fromMs > endMs) return undefined
  const percent = (ms: number): number => (100 * (Math.min(Math.max(ms, startMs), endMs) - startMs)) / (endMs - startMs)
  return { left: percent(fromMs), width: percent(toMs) - percent(fromMs) }
}

type Group = { toMs: number; readonly rows: GapRow[] }
