/** Edits (one letter more, less or other) from one text to another. */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (before[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      row.push(Math.min(replaced, (before[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1))
    }
    before = row
  }
  return before[b.length] ?? 0
}

const LONGEST = 64

/** The known name that was probably meant: at most a third of its letters differ, letter case apart. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined
  const meant = name.toLowerCase()
  let best: { readonly name: string; readonly edits: number } | undefined
  for (const one of known) {
    const edits = distance(meant, one.toLowerCase())
    if (edits <= Math.max(1, Math.floor(one.length / 3)) && (best === undefined || edits < best.edits))
      best = { name: one, edits }
  }
  return best?.name
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant === undefined ? '' : ` Did you mean "${meant}"?`
}
