/** Where a terminal shows how far something is; without one nothing is written. */
export type Bar = {
  /** `done` of `total` records; `what` is being done. */
  show(what: string, done: number, total: number): void
  /** Takes the line away, so that what is printed next begins on a clean one. */
  clear(): void
}

const WIDTH = 30
const EVERY_MS = 100

export function openBar(
  out: { readonly isTTY?: boolean | undefined; write(text: string): unknown },
  nowMs: () => number,
): Bar {
  if (out.isTTY !== true) return { show: () => undefined, clear: () => undefined }
  let begun = { what: '', atMs: 0 }
  let shownAt = -Infinity
  return {
    show(what, done, total) {
      const at = nowMs()
      if (begun.what !== what) begun = { what, atMs: at }
      if (at - shownAt < EVERY_MS) return
      shownAt = at
      out.write(`\r\u001B[K${barLine(what, done, total, (at - begun.atMs) / 1000)}`)
    },
    clear() {
      if (shownAt > -Infinity) out.write('\r\u001B[K')
    },
  }
}

export function barLine(what: string, done: number, total: number, seconds: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const full = Math.round(share * WIDTH)
  const rate = seconds > 0 ? `  ${Math.round(done / seconds).toLocaleString('en')} records/s` : ''
  return `${what}  [${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${Math.floor(share * 100)} %${rate}`
}
