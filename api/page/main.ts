import { createAlertsView } from './alerts-view.ts'
import { connect, type ConnectionState } from './connection.ts'
import { showConnection } from './connection-line.ts'
import { find, write } from './dom.ts'
import { createEditorView } from './editor-view.ts'
import { currentKey, currentWriteKey } from './key.ts'
import { listenToKeys } from './keyboard.ts'
import type { Message } from './messages.ts'
import { startOverview } from './overview.ts'
import { createOpportunities } from './opportunities.ts'
import { createRest } from './rest.ts'
import { createRouter } from './router.ts'
import { createRuleView } from './rule-view.ts'
import { createRulesList } from './rules-list.ts'
import { createSignIn } from './sign-in.ts'
import { createSignalView } from './signal-view.ts'
import { createSymbolView } from './symbol.ts'
import type { SignalMessage } from './signals.ts'
import { createTable } from './table.ts'
import { createKeyQuestion } from './write-key.ts'
import { createWriter } from './writing.ts'

const root = document.documentElement
const search = find('search', HTMLInputElement)
const help = find('help', HTMLDialogElement)
const table = createTable(find('prices', HTMLTableSectionElement))
/** How far this clock is ahead of the server's, as far as the quickest message tells. */
let aheadMs = Number.POSITIVE_INFINITY
let heardAt = Number.NaN
let retryAt = 0
let source = ''
let waiting: Message[] = []

const now = (): number => Date.now() - (Number.isFinite(aheadMs) ? aheadMs : 0)
const signIn = createSignIn(() => connection.again())
const refused = (): void => {
  signIn.refused()
  symbolView.refused()
  find('sign-out', HTMLButtonElement).hidden = true
}
/** A key that is kept can be taken away. */
const showSignOut = (): void => {
  find('sign-out', HTMLButtonElement).hidden = currentKey() === undefined && currentWriteKey() === undefined
}
const rest = createRest(currentKey, refused)
const writer = createWriter(createKeyQuestion(showSignOut), currentKey)
const symbolView = createSymbolView(rest, now, () => source === 'recorded')
const opportunities = createOpportunities(rest, now)
const signalView = createSignalView(rest, now)
const rulesList = createRulesList(rest, writer, now)
const ruleView = createRuleView(rest, writer, now)
const alertsView = createAlertsView(rest, writer, now)
const editorView = createEditorView({
  rest,
  writer,
  now,
  symbols: () => [...new Set(table.prices().map(({ symbol }) => symbol))].toSorted(),
  go: (place) => router.go(place),
})
const router = createRouter((place) => {
  opportunities.look(place.view === 'opportunities')
  if (place.view === 'signal') signalView.open(place.id)
  else signalView.close()
  alertsView.look(place.view === 'alerts')
  rulesList.look(place.view === 'rules')
  if (place.view === 'rule') ruleView.open(place.id, place.match)
  else ruleView.close()
  if (place.view === 'editor') editorView.open(place.id)
  else editorView.close()
  if (place.view === 'symbol') symbolView.open(place.symbol)
  else symbolView.close()
  symbolView.apply(table.prices())
  overview.again()
})
const overview = startOverview({ rest, table, now, symbol: () => router.symbol() })

/** Messages come up to 40 times a second; the screen is changed once a frame. */
function onMessage(message: Message): void {
  aheadMs = Math.min(aheadMs + 0.1, Date.now() - message.timeMs)
  heardAt = message.timeMs
  if (waiting.length === 0) requestAnimationFrame(draw)
  waiting.push(message)
  // A hidden tab gets no frames: what waits is drawn when it comes back, or here before it grows.
  if (waiting.length > 200) draw()
}

function draw(): void {
  const messages = waiting
  waiting = []
  if (messages.length === 0) return
  for (const message of messages) {
    table.apply(message)
    if (message.type === 'snapshot') showSource(message.source)
  }
  symbolView.apply(table.prices())
  showEmpty()
  if (root.dataset['ready'] === undefined) refresh()
  root.dataset['ready'] = 'true'
}

function showSource(next: string): void {
  source = next
  const isSimulated = source === 'simulated'
  const badge = find('badge', HTMLElement)
  root.dataset['simulated'] = String(isSimulated)
  badge.textContent = source.toUpperCase()
  badge.hidden = false
  find('simulated', HTMLElement).hidden = !isSimulated
  router.title(isSimulated ? 'SIMULATED · crosstide' : 'crosstide')
}

function showEmpty(): void {
  const empty = find('empty', HTMLElement)
  empty.hidden = table.prices().length > 0 && !table.isFilteredOut()
  write(
    empty,
    table.isFilteredOut() ? 'No symbol or exchange fits the filter.' : 'No prices yet: the exchanges have sent none.',
  )
}

function onState(state: ConnectionState): void {
  root.dataset['connection'] = state.kind
  if (state.kind === 'closed') retryAt = Date.now() + state.retryMs
  if (state.kind === 'refused') refused()
  // Where no key is wanted the page is open from the start, with whatever it has to say.
  else if (state.kind !== 'connecting' && root.dataset['access'] !== 'asked') root.dataset['access'] = 'open'
  if (state.kind === 'open') {
    root.dataset['access'] = 'open'
    root.toggleAttribute('data-keyed', currentKey() !== undefined)
    showSignOut()
    symbolView.connected()
  }
  showConnection(root.dataset['connection'], retryAt, heardAt)
}

function refresh(): void {
  table.refresh(now())
  symbolView.refresh(table.prices())
  overview.refresh()
  opportunities.refresh()
  signalView.refresh()
  rulesList.refresh()
  ruleView.refresh()
  alertsView.refresh()
  showConnection(root.dataset['connection'], retryAt, heardAt)
}

search.addEventListener('input', () => {
  table.filter(search.value)
  showEmpty()
})
search.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' && event.key !== 'ArrowDown') return
  const first = document.querySelector('#prices tr:not([hidden]) a')
  if (first instanceof HTMLElement) first.focus()
  event.preventDefault()
})
find('help-open', HTMLButtonElement).addEventListener('click', () => help.showModal())
find('help-close', HTMLButtonElement).addEventListener('click', () => help.close())
listenToKeys({
  search,
  help,
  back: () => router.up(),
  overview: () => router.go({ view: 'overview' }),
  opportunities: () => router.go({ view: 'opportunities' }),
  rules: () => router.go({ view: 'rules' }),
  alerts: () => router.go({ view: 'alerts' }),
  clear() {
    search.value = ''
    table.filter('')
    showEmpty()
  },
})
setInterval(refresh, 1000)
const onSignals = (message: SignalMessage): void => {
  opportunities.apply(message)
  signalView.apply(message)
}
const connection = connect(currentKey, onMessage, onSignals, (message) => alertsView.apply(message), onState)
router.start()
