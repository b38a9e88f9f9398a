/** Tells how a start comes along: one line per part and state, on stderr. */
export type Progress = {
  starting(part: string, detail?: string): void
  ready(part: string, detail?: string): void
  /** A message that belongs to no part. */
  say(text: string): void
}

export function createProgress(write: (text: string) => void, now: () => number): Progress {
  const begun = new Map<string, number>()
  const line = (mark: string, part: string, text: string): void => write(`  ${mark} ${part.padEnd(11)} ${text}\n`)
  return {
    starting(part, detail = 'starting') {
      if (!begun.has(part)) begun.set(part, now())
      line('…', part, detail)
    },
    ready(part, detail) {
      const start = begun.get(part)
      begun.delete(part)
      const took = start === undefined ? '' : `${((now() - start) / 1000).toFixed(1)} s`
      line('✓', part, ['ready', took, detail].filter((text) => text !== undefined && text !== '').join('  '))
    },
    say: (text) => write(`${text}\n`),
  }
}
