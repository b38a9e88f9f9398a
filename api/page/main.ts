import { connect, type ConnectionState } from './connection.ts'
import { durationText, rateText } from './format.ts'
import { readExchanges, readPushLatency, type Message } from './messages.ts'
import { showExchanges } from './strip.ts'
import { createTable } from './table.ts'

const POLL_MS = 3000
const root = document.documentElement
const body = find('prices', HTMLTableSectionElement)
const search = find('search', HTMLInputElement)
const table = createTable(body)
/** How far this clock is ahead of the server's, as far as the quickest message tells. */
let aheadMs = Number.POSITIVE_INFINITY
let retryAt = 0
let waiting: Message[] = []

/** Messages come up to 40 times a second; the screen is changed once a frame. */
function onMessage(message: Message): void {
  aheadMs = Math.min(aheadMs + 0.1, Date.now() - message.timeMs)
  if (waiting.length === 0) requestAnimationFrame(draw)
  waiting.push(message)
  // A hidden tab gets no frames: what waits is drawn when it comes back, or here before it grows.
  if (waiting.length > 200) draw()
}

function draw(): void {
  const messages = waiting
  waiting = []
  for (const message of messages) {
    table.apply(message)
    if (message.type === 'snapshot') showSource(message.source)
  }
  if (messages.length > 0) {
    find('empty', HTMLElement).hidden = table.totals().prices > 0
    if (root.dataset['ready'] === undefined) refresh()
    root.dataset['ready'] = 'true'
  }
}

function showSource(source: string): void {
  const isSimulated = source === 'simulated'
  const badge = find('badge', HTMLElement)
  root.dataset['simulated'] = String(isSimulated)
  badge.textContent = source.toUpperCase()
  badge.hidden = false
  find('simulated', HTMLElement).hidden = !isSimulated
  document.title = isSimulated ? 'SIMULATED · crosstide' : 'crosstide'
}

function onState(state: ConnectionState): void {
  root.dataset['connection'] = state.kind
  if (state.kind === 'closed') retryAt = Date.now() + state.retryMs
  showConnection()
}

function showConnection(): void {
  const kind = root.dataset['connection']
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))
  const text =
    kind === 'open' ? 'live' : kind === 'closed' ? `not connected, trying again in ${seconds} s` : 'connecting'
  const place = find('connection', HTMLElement)
  if (place.textContent !== text) place.textContent = text
}

function refresh(): void {
  table.refresh(Date.now() - aheadMs)
  const { ticksPerSecond, up, prices } = table.totals()
  find('figure-rate', HTMLElement).textContent = rateText(ticksPerSecond)
  find('figure-prices', HTMLElement).textContent = `${up} of ${prices}`
  showConnection()
}

async function poll(): Promise<void> {
  if (root.dataset['connection'] !== 'open' || document.hidden) return
  const [exchanges, latency] = await Promise.all([ask('/api/v1/exchanges'), ask('/api/v1/latency')])
  showExchanges(find('exchanges', HTMLElement), readExchanges(exchanges), table.ratesByExchange())
  const { p50Ms, p99Ms } = readPushLatency(latency)
  find('figure-p50', HTMLElement).textContent = durationText(p50Ms)
  find('figure-p99', HTMLElement).textContent = durationText(p99Ms)
}

async function ask(path: string): Promise<unknown> {
  const answer = await fetch(path, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(POLL_MS) })
  return answer.ok ? answer.json() : undefined
}

/** One poll after the other; a failed one leaves what is shown. */
async function pollForever(): Promise<void> {
  for (;;) {
    await poll().catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, root.dataset['ready'] === undefined ? 100 : POLL_MS))
  }
}

function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} #${id}`)
  return found
}

search.addEventListener('input', () => table.filter(search.value))
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== search) {
    event.preventDefault()
    search.focus()
  }
  if (event.key === 'Escape') {
    search.value = ''
    table.filter('')
    search.blur()
  }
})
setInterval(refresh, 1000)
connect(onMessage, onState)
void pollForever()
