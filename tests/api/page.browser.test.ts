import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { listenTo, startApiRig, type ApiRig, type Mouth } from '../support/api.ts'
import { findChromium, launchBrowser, openPage } from '../support/browser.ts'
import { quote, trade } from '../support/ticks.ts'

const SYMBOLS = ['BTC-USD', 'ETH-USD', 'ETH-BTC', 'DOGE-USD'] as const
const EXCHANGES = ['coinbase', 'kraken'] as const
const chromium = findChromium()

let rig: ApiRig
let browser: Browser
const mouths = new Map<string, Mouth>()
let beats: NodeJS.Timeout
let price = 1000

/** A new quote and trade of every symbol on every exchange, as a sink would have stored it too. */
async function move(): Promise<void> {
  price = Math.round((price + 0.01) * 100) / 100
  for (const [rank, exchange] of EXCHANGES.entries()) {
    const bid = Math.round((price + rank) * 100) / 100
    for (const symbol of SYMBOLS) {
      await mouths.get(exchange)?.say(symbol, quote({ bid, ask: bid + 0.5 }))
      await mouths.get(exchange)?.say(symbol, trade({ price: bid + 0.25 }))
    }
    await rig.database.pool.query(STORE, [exchange, SYMBOLS, bid, bid + 0.5, mouths.get(exchange)?.session])
  }
}

const STORE = `
with s as (insert into symbols (exchange, symbol, base, quote, configured)
           select $1, s, split_part(s, '-', 1), split_part(s, '-', 2), true from unnest($2::text[]) s on conflict do nothing),
     e as (insert into exchanges (exchange, configured) values ($1, true) on conflict do nothing)
insert into latest_quotes (exchange, symbol, bid, ask, source, feed, event_time, receive_time, session, ordinal, sequence, partition, log_offset, withdrawn)
select $1, s, $3, $4, 'STREAM', 'SIMULATED', now(), now(), $5, 1, 0, 0, 1, false from unnest($2::text[]) s
on conflict (exchange, symbol) do update set bid = excluded.bid, ask = excluded.ask`

/** What the table says, exactly: the cells carry the text they were made from. */
const table = (page: Page): Promise<readonly string[]> =>
  page.locator('#prices tr').evaluateAll((rows) =>
    rows.map((row) => {
      const value = (name: string): string => row.querySelector(`.${name}`)?.getAttribute('data-value') ?? ''
      const state = row.querySelector('.state')?.textContent ?? ''
      return [
        row.getAttribute('data-symbol'),
        row.getAttribute('data-exchange'),
        value('bid'),
        value('ask'),
        state,
      ].join(' ')
    }),
  )
const cell = (page: Page, name: string) => page.locator(`tr[data-symbol="BTC-USD"][data-exchange="kraken"] .${name}`)

describe.skipIf(chromium === undefined)('page', () => {
  beforeAll(async () => {
    rig = await startApiRig()
    browser = await launchBrowser(chromium ?? '')
    for (const exchange of EXCHANGES) mouths.set(exchange, rig.mouth(exchange))
    const beat = async (): Promise<void> => {
      for (const mouth of mouths.values()) await mouth.beat()
    }
    await beat()
    beats = setInterval(() => void beat(), 1000)
    await move()
  })
  afterAll(async () => {
    clearInterval(beats)
    await browser.close()
    await rig.stop()
  })

  test.each(['dark', 'light'] as const)(
    'in %s it shows every price and has nothing to complain of',
    async (colorScheme) => {
      const { page, complaints } = await openPage(browser, rig.url, { colorScheme })
      await expect.poll(() => page.locator('#exchanges li[data-state="up"]').count()).toBe(EXCHANGES.length)
      expect(await page.locator('#prices tr').count()).toBe(SYMBOLS.length * EXCHANGES.length)
      const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      expect(ground).toBe(colorScheme === 'dark' ? 'rgb(11, 15, 23)' : 'rgb(246, 247, 249)')
      expect(complaints).toEqual([])
    },
  )

  test('says SIMULATED in a banner, a badge and the title', async () => {
    const { page } = await openPage(browser, rig.url)
    expect(await page.locator('#simulated').isVisible()).toBe(true)
    expect(await page.locator('#badge').innerText()).toBe('SIMULATED')
    expect(await page.title()).toContain('SIMULATED')
  })

  test('its numbers move, and equal those of REST and WebSocket', async () => {
    const { page, complaints } = await openPage(browser, rig.url)
    const before = await cell(page, 'last').innerText()
    await move()
    await move()
    await expect
      .poll(() => cell(page, 'bid').getAttribute('data-value'))
      .toBe(String(Math.round((price + 1) * 100) / 100))
    expect(await cell(page, 'last').innerText()).not.toBe(before)
    const shown = await table(page)
    expect(shown).toHaveLength(SYMBOLS.length * EXCHANGES.length)
    expect(shown).toEqual(shown.toSorted())

    const prices = z.object({
      prices: z.array(
        z.object({ symbol: z.string(), exchange: z.string(), bid: z.string(), ask: z.string(), state: z.string() }),
      ),
    })
    const asLines = (value: unknown): readonly string[] =>
      prices
        .parse(value)
        .prices.map(({ symbol, exchange, bid, ask, state }) => `${symbol} ${exchange} ${bid} ${ask} ${state}`)
        .toSorted()
    expect(asLines(await (await fetch(`${rig.url}/api/v1/prices`)).json())).toEqual(shown)
    const listener = await listenTo(rig.port, { type: 'subscribe_prices' })
    expect(asLines(await listener.until(({ type }) => type === 'snapshot'))).toEqual(shown)
    listener.socket.close()
    expect(complaints).toEqual([])
  })

  test('shows age, rate, spread and latency as numbers with units', async () => {
    const { page } = await openPage(browser, rig.url)
    await move()
    await expect.poll(() => cell(page, 'latency').innerText()).toMatch(/^\d+(\.\d)? m?s$/)
    await expect.poll(() => cell(page, 'rate').innerText()).toMatch(/^\d+\.\d$/)
    expect(await cell(page, 'age').innerText()).toMatch(/^\d+(\.\d)? (s|min)$/)
    expect(await cell(page, 'spread').innerText()).toMatch(/^\d+\.\d+$/)
  })

  test('fits a phone without scrolling sideways', async () => {
    const { page } = await openPage(browser, rig.url, { viewport: { width: 360, height: 740 }, isMobile: true })
    await expect.poll(() => page.locator('#exchanges li').count()).toBe(EXCHANGES.length)
    const [content, width] = await page.evaluate<readonly number[]>(
      '[document.documentElement.scrollWidth, innerWidth]',
    )
    expect(content).toBe(width)
    expect(await cell(page, 'last').isVisible()).toBe(true)
  })

  test('is filtered from the keyboard', async () => {
    const { page } = await openPage(browser, rig.url)
    await page.keyboard.press('/')
    await page.keyboard.type('eth kra')
    const visible = (): Promise<readonly (string | null)[]> =>
      page.locator('#prices tr:visible').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-symbol')))
    await expect.poll(visible).toEqual(['ETH-BTC', 'ETH-USD'])
    await page.keyboard.press('Escape')
    await page.keyboard.press('/')
    await page.keyboard.type('eth-')
    await expect.poll(visible).toEqual(['ETH-BTC', 'ETH-BTC', 'ETH-USD', 'ETH-USD'])
  })

  test('shows prices of a silent exchange as down', async () => {
    const { page } = await openPage(browser, rig.url)
    const silent = mouths.get('kraken')
    mouths.delete('kraken')
    await expect.poll(() => cell(page, 'state').innerText(), { timeout: 10_000 }).toBe('down')
    await expect
      .poll(() => page.locator('#exchanges li[data-exchange="kraken"]').getAttribute('data-state'), { timeout: 10_000 })
      .toBe('down')
    if (silent !== undefined) mouths.set('kraken', silent)
  })

  test('says that the server is gone, comes back by itself and goes on', async () => {
    const { page } = await openPage(browser, rig.url)
    await rig.restart(async () => {
      await expect.poll(() => page.locator('#connection').innerText()).toMatch(/^not connected, trying again in \d+ s$/)
    })
    await page.waitForSelector('html[data-connection="open"]', { timeout: 20_000 })
    await move()
    await expect
      .poll(() => cell(page, 'bid').getAttribute('data-value'))
      .toBe(String(Math.round((price + 1) * 100) / 100))
  })
})
