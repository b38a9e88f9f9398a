/** The best `most` of all that are offered; of equals the first. */
export type Best<T> = {
  readonly offer: (one: T) => void
  /** The best first. */
  readonly list: () => readonly T[]
}

export function bestOf<T>(most: number, isBetter: (one: T, other: T) => boolean): Best<T> {
  const kept: T[] = []
  return {
    offer(one) {
      let at = kept.length
      for (; at > 0; at--) {
        const before = kept[at - 1]
        if (before === undefined || !isBetter(one, before)) break
      }
      if (at >= most) return
      kept.splice(at, 0, one)
      if (kept.length > most) kept.pop()
    },
    list: () => kept,
  }
}
