import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, launchBrowser, openPage } from '../support/browser.ts'
import { HISTORY, startPageRig, type PageRig } from '../support/page-rig.ts'

const chromium = findChromium()
let pages: PageRig
let browser: Browser
const open = (path: string) => openPage(browser, `${pages.rig.url}${path}`)
const chart = (page: Page, name: string) => page.locator('#chart').getAttribute(`data-${name}`)
const order = (page: Page) =>
  page
    .locator('#order tr')
    .evaluateAll((rows) =>
      rows.map((row) => `${row.querySelector('.rank')?.textContent} ${row.getAttribute('data-exchange')}`),
    )
/** Lets the page take in what was written before: the value has come to the table. */
const seen = async (page: Page, exchange: string, bid: number): Promise<void> => {
  await expect
    .poll(() => page.locator(`#order tr[data-exchange="${exchange}"] .bid`).getAttribute('data-value'))
    .toBe(String(bid))
}

describe.skipIf(chromium === undefined)('symbol view', () => {
  beforeAll(async () => {
    pages = await startPageRig()
    browser = await launchBrowser(chromium ?? '')
  })
  afterAll(async () => {
    await browser.close()
    await pages.stop()
  })

  test('has an address: a deep link, a reload, back and forward show it', async () => {
    const { page, complaints } = await open('/?symbol=btc-usd')
    const name = page.locator('#symbol-name')
    expect([await name.innerText(), await page.title()]).toEqual(['BTC-USD', 'BTC-USD · SIMULATED · crosstide'])
    await page.reload()
    await expect.poll(() => name.innerText()).toBe('BTC-USD')
    await page.locator('#back').click()
    expect(new URL(page.url()).search).toBe('')
    await page.locator('#prices tr[data-symbol="ETH-USD"][data-exchange="gate"] .bid').click()
    expect([await name.innerText(), new URL(page.url()).search]).toEqual(['ETH-USD', '?symbol=ETH-USD'])
    await page.goBack()
    expect([await name.isVisible(), await page.locator('#overview').isVisible()]).toEqual([false, true])
    await page.goForward()
    expect([await name.isVisible(), await name.innerText()]).toEqual([true, 'ETH-USD'])
    expect(complaints).toEqual([])
  })

  test('its chart holds the history of trades and quotes, then what comes live', async () => {
    const { page, complaints } = await open('/?symbol=BTC-USD')
    await expect.poll(() => chart(page, 'history')).toBe('there')
    const counts = async () => {
      const texts = await Promise.all(['bid', 'ask', 'trade'].map((kind) => chart(page, kind)))
      return texts.map(Number)
    }
    const before = await counts()
    // A second of the history may be the same as another's; live ones have begun already.
    for (const count of before) expect(count).toBeGreaterThanOrEqual(3 * (HISTORY.seconds - 1))
    await pages.quote('gate', 'BTC-USD', 1001, 1003.5)
    await expect.poll(async () => (await counts()).every((count, i) => count > (before[i] ?? 0))).toBe(true)
    expect(await page.locator('#canvas canvas').count()).toBeGreaterThan(0)
    expect(await page.locator('#tv-attr-logo').getAttribute('href')).toContain('https://www.tradingview.com/')
    expect(complaints).toEqual([])
  })

  test('shows the lines that are wanted, by exchange and kind', async () => {
    const { page } = await open('/?symbol=BTC-USD')
    const lines = async () => (await chart(page, 'lines'))?.split(',')
    await expect.poll(async () => (await lines())?.length).toBe(9)
    await page.locator('#order tr[data-exchange="gate"] input').uncheck()
    await page.locator('#show-ask').uncheck()
    await expect.poll(lines).toEqual(['coinbase bid', 'coinbase trade', 'kraken bid', 'kraken trade'])
    await page.locator('#range-hours').check()
    await expect.poll(lines).toEqual(['coinbase close', 'kraken close'])
    expect(Number(await chart(page, 'close'))).toBe(3 * HISTORY.minutes)
  })

  test('draws candles of one exchange or of all together, by the interval that is chosen', async () => {
    const { page, complaints } = await open('/?symbol=BTC-USD')
    await page.locator('#range-candles').check()
    await expect.poll(() => page.locator('#chart-status').innerText()).toContain('No candle of this length')
    // The rig has minutes of each exchange, and none across them.
    await page.locator('#candle-exchange').selectOption('kraken')
    await expect.poll(() => chart(page, 'candles')).toBe(String(HISTORY.minutes))
    expect(await page.locator('#candle-exchange option').allInnerTexts()).toEqual([
      'all together',
      'coinbase',
      'gate',
      'kraken',
    ])
    await page.locator('#candle-interval').selectOption('15m')
    // Thirty minutes touch two or three quarters.
    await expect.poll(async () => ['2', '3'].includes((await chart(page, 'candles')) ?? '')).toBe(true)
    expect(await page.locator('#canvas canvas').count()).toBeGreaterThan(0)
    expect([await page.locator('#line-choice').isVisible(), await page.locator('#candle-choice').isVisible()]).toEqual([
      false,
      true,
    ])
    await page.locator('#range-minutes').check()
    await expect.poll(async () => (await chart(page, 'lines'))?.split(',').length).toBe(9)
    expect(complaints).toEqual([])
  })

  test('orders the exchanges by best bid or best ask, with the distance to the best', async () => {
    const { page } = await open('/?symbol=ETH-USD')
    await pages.quote('coinbase', 'ETH-USD', 1000, 1002)
    await pages.quote('gate', 'ETH-USD', 1010, 1020)
    await pages.quote('kraken', 'ETH-USD', 1005, 1006)
    await expect.poll(() => order(page)).toEqual(['1 gate', '2 kraken', '3 coinbase'])
    expect(await page.locator('#order .behind').allInnerTexts()).toEqual(['best', '49.5 bps', '99.0 bps'])
    await page.locator('#by-ask').check()
    await expect.poll(() => order(page)).toEqual(['1 coinbase', '2 kraken', '3 gate'])
    expect(await page.locator('#best-bid').innerText()).toBe('1,010')
    expect(await page.locator('#best-ask').innerText()).toBe('1,002')
    expect(await page.locator('#best-crossed').innerText()).toBe('Crossed by')
  })

  test('keeps the order while it is pointed at or has the focus, and its numbers move on', async () => {
    const { page } = await open('/?symbol=ETH-USD')
    await pages.quote('coinbase', 'ETH-USD', 1000, 1030)
    await pages.quote('gate', 'ETH-USD', 1010, 1030)
    await pages.quote('kraken', 'ETH-USD', 1005, 1030)
    await expect.poll(() => order(page)).toEqual(['1 gate', '2 kraken', '3 coinbase'])
    await page.locator('#order tr[data-exchange="kraken"] .bid').hover()
    await pages.quote('coinbase', 'ETH-USD', 1020, 1030)
    await seen(page, 'coinbase', 1020)
    expect(await order(page)).toEqual(['2 gate', '3 kraken', '1 coinbase'])
    expect(await page.locator('#order-held').isVisible()).toBe(true)
    await page.mouse.move(5, 5)
    await expect.poll(() => order(page)).toEqual(['1 coinbase', '2 gate', '3 kraken'])

    await page.locator('#order tr[data-exchange="kraken"] input').focus()
    await pages.quote('kraken', 'ETH-USD', 1025, 1030)
    await seen(page, 'kraken', 1025)
    expect(await order(page)).toEqual(['2 coinbase', '3 gate', '1 kraken'])
    await page.locator('#back').focus()
    await expect.poll(() => order(page)).toEqual(['1 kraken', '2 coinbase', '3 gate'])
  })

  test('a symbol that nobody trades says so, and one that has no history too', async () => {
    const { page } = await open('/?symbol=NO-SUCH')
    expect(await page.locator('#symbol-empty').innerText()).toContain('No exchange has sent a price')
    await expect.poll(() => page.locator('#chart-status').innerText()).toContain('Nothing was stored')
  })

  test('a history that does not come is said to be missing, and is asked for again', async () => {
    const { page } = await open('/')
    let failures = 0
    await page.route('**/api/v1/trades?*', (route) => (failures++ < 1 ? route.abort() : route.continue()))
    await page.locator('#prices tr[data-symbol="BTC-USD"] a').first().click()
    await expect.poll(() => page.locator('#chart-status').innerText()).toContain('could not be loaded')
    await expect.poll(() => chart(page, 'history'), { timeout: 20_000 }).toBe('there')
  })

  // Last: the exchange does not come back.
  test('an exchange that falls silent leaves the order and stays in the list', async () => {
    const { page } = await open('/?symbol=BTC-USD')
    await pages.quote('kraken', 'BTC-USD', 2000, 2001)
    await expect.poll(async () => (await order(page))[0]).toBe('1 kraken')
    pages.silence('kraken')
    await expect.poll(async () => (await order(page)).at(-1), { timeout: 10_000 }).toBe('– kraken')
  })
})
