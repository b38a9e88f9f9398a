import type { Span } from './span.ts'

/** Of a session: its first event's time and its latest's. Plain data, changed in place; other windows leave it alone. */
export type Bounds = { begin: number; latest: number }

/** Where a window begins that ends now, and moves on event by event. */
export type Bounding = {
  /** Events at or after it are in the window. */
  readonly since: (bounds: Bounds, now: number) => number
  /** An event came. */
  readonly touch: (bounds: Bounds, now: number) => void
}

const DAY_MICROS = 86_400_000_000

export const noBounds = (): Bounds => ({ begin: -1, latest: -1 })

export function boundingOf(span: Exclude<Span, { readonly kind: 'hopping' | 'count' }>): Bounding {
  if (span.kind === 'sliding') {
    const { lengthMicros } = span
    // Times are whole: after now - length.
    return { since: (_bounds, now) => now - lengthMicros + 1, touch: () => {} }
  }
  if (span.kind === 'day') return { since: (_bounds, now) => now - (now % DAY_MICROS), touch: () => {} }
  const { pauseMicros, mostMicros } = span
  const since = ({ begin, latest }: Bounds, now: number): number => {
    const cut = now - (now % mostMicros)
    return latest < cut || now - latest >= pauseMicros ? now : begin
  }
  return {
    since,
    touch(bounds, now) {
      bounds.begin = since(bounds, now)
      bounds.latest = now
    },
  }
}
