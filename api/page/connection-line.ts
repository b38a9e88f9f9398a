import { find, write } from './dom.ts'
import { clockText } from './format.ts'

/** Says how the connection is, when it is tried again, and of when the prices are that are shown without one. */
export function showConnection(kind: string | undefined, retryAt: number, heardAt: number): void {
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))
  const words =
    kind === 'open'
      ? 'live'
      : kind === 'closed'
        ? `not connected, trying again in ${seconds} s`
        : kind === 'refused'
          ? 'key needed'
          : 'connecting'
  write(find('connection', HTMLElement), words)
  const stale = find('stale', HTMLElement)
  if (kind === 'open' || kind === 'refused') stale.hidden = true
  if (kind !== 'closed') return
  stale.hidden = false
  write(
    stale,
    Number.isNaN(heardAt)
      ? 'The server does not answer. This page keeps trying.'
      : `Not connected: these are the prices of ${clockText(heardAt)} UTC, not those of now.`,
  )
}
