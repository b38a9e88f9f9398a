/** How many letters must be changed, put in, taken out, or swapped with their neighbour to make one word of the other. */
function distance(one: string, other: string): number {
  let before: readonly number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1]
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const changed = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      row.push(swapped ? Math.min(changed, (before[j - 2] ?? 0) + 1) : changed)
    }
    before = last
    last = row
  }
  return last[other.length] ?? 0
}

const LONGEST = 40

/**
 * The known word that was most likely meant: the same in other case, else the one with the fewest slips if they are few for
 * its length; `undefined` if none is like it. Of equals the first.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined
  const lower = word.toLowerCase()
  let best: string | undefined
  let least = Infinity
  for (const one of known) {
    const slips = distance(lower, one.toLowerCase())
    if (slips < least && slips <= Math.max(1, Math.floor(Math.max(word.length, one.length) / 3))) {
      best = one
      least = slips
    }
  }
  return best
}

/** ` (did you mean \`price\`?)`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const meant = nearest(word, known)
  return meant === undefined ? '' : ` (did you mean \`${meant}\`?)`
}
