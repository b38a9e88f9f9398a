import type { Waiting } from './decide.ts'

/**
 * Which actions are done now: each alone, in their order. A rule's beyond so many in a minute are not done at all, since late ones
 * would be about what is long over. What was begun before is finished. Silences do not hold actions back.
 */
export function decideActions<One extends Pick<Waiting, 'ruleId' | 'attempts' | 'notBeforeMs'>>(
  perMinute: number,
  situation: {
    readonly nowMs: number
    readonly waiting: readonly One[]
    /** Actions begun in the last minute, by rule. */
    readonly begun: ReadonlyMap<string, number>
  },
): { readonly messages: readonly (readonly One[])[]; readonly limited: readonly One[] } {
  const { nowMs, waiting, begun } = situation
  if (waiting.some(({ notBeforeMs = -Infinity }) => notBeforeMs > nowMs)) return { messages: [], limited: [] }
  const counts = new Map(begun)
  const messages: (readonly One[])[] = []
  const limited: One[] = []
  for (const one of waiting) {
    const rule = one.ruleId ?? ''
    const count = counts.get(rule) ?? 0
    if (one.attempts === 0 && count >= perMinute) limited.push(one)
    else {
      messages.push([one])
      if (one.attempts === 0) counts.set(rule, count + 1)
    }
  }
  return { messages, limited }
}
