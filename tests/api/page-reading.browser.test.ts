import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, launchBrowser, openPage } from '../support/browser.ts'
import { paleTexts } from '../support/contrast.ts'
import { startPageRig, type PageRig } from '../support/page-rig.ts'

const chromium = findChromium()
const PLACES = ['/', '/?symbol=BTC-USD'] as const
let pages: PageRig
let browser: Browser
const open = async (path: string, options = {}) => {
  const opened = await openPage(browser, `${pages.rig.url}${path}`, options)
  await opened.page.waitForSelector('#losses tr', { state: 'attached' })
  return opened
}
const focused = (page: Page) =>
  page.evaluate<string>(
    '[document.activeElement.closest("tr")?.dataset.symbol, document.activeElement.closest("tr")?.dataset.exchange].join(" ")',
  )
const heldBy = (page: Page) => page.evaluate<string>('document.activeElement.id')

describe.skipIf(chromium === undefined)('the page is for everybody', () => {
  beforeAll(async () => {
    pages = await startPageRig()
    browser = await launchBrowser(chromium ?? '')
  })
  afterAll(async () => {
    await browser.close()
    await pages.stop()
  })

  test.each(PLACES)('%s: every text stands out from its ground by WCAG AA, in dark and light', async (path) => {
    const { page } = await open(path, { reducedMotion: 'reduce' })
    if (path !== '/') await page.waitForSelector('#chart[data-history="there"]')
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      const { texts, pale } = await paleTexts(page)
      expect(texts).toBeGreaterThan(50)
      expect([colorScheme, pale]).toEqual([colorScheme, []])
      await page.keyboard.press('?')
      expect((await paleTexts(page)).pale).toEqual([])
      await page.keyboard.press('Escape')
    }
    // The measure itself: grey on grey is found.
    await page.evaluate('document.getElementById("gaps-title").style.color = "rgb(128 128 128)"')
    expect((await paleTexts(page)).pale.map(({ text }) => text)).toEqual(['Gaps and reconnects, last hour'])
  })

  test.each(PLACES)('%s fits 320 to 400 pixels without scrolling sideways', async (path) => {
    const { page } = await open(path, { viewport: { width: 320, height: 700 }, isMobile: true })
    if (path !== '/') await page.waitForSelector('#chart[data-history="there"]')
    for (const width of [320, 360, 400]) {
      await page.setViewportSize({ width, height: 700 })
      const sizes = () => page.evaluate<readonly number[]>('[document.documentElement.scrollWidth, innerWidth]')
      await expect.poll(sizes).toEqual([width, width])
    }
  })

  test('rows are gone through by arrow keys, opened by Enter, left by Escape, and the focus comes back', async () => {
    const { page, complaints } = await open('/')
    await page.keyboard.press('/')
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toBe('BTC-USD coinbase')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toBe('BTC-USD kraken')
    await page.keyboard.press('End')
    expect(await focused(page)).toBe('ETH-USD kraken')
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowUp')
    expect(await focused(page)).toBe('BTC-USD coinbase')
    const outline = await page.evaluate<string>('getComputedStyle(document.activeElement.closest("tr")).outlineStyle')
    expect(outline).toBe('solid')
    await page.keyboard.press('Enter')
    expect(await heldBy(page)).toBe('symbol-name')
    expect(await page.locator('#symbol-name').innerText()).toBe('BTC-USD')
    await page.keyboard.press('Escape')
    expect(await page.locator('#overview').isVisible()).toBe(true)
    expect(await focused(page)).toBe('BTC-USD coinbase')
    expect(complaints).toEqual([])
  })

  test('the rows are one stop of the tab key, and filtered ones are none', async () => {
    const { page } = await open('/')
    const stops = () => page.locator('#prices tr:not([hidden]) a[tabindex="0"]').count()
    await expect.poll(stops).toBe(1)
    await page.keyboard.press('/')
    await page.keyboard.type('eth gate')
    await expect.poll(stops).toBe(1)
    await page.keyboard.press('Enter')
    expect(await focused(page)).toBe('ETH-USD gate')
    await page.keyboard.press('/')
    await page.keyboard.type('x')
    await expect.poll(() => page.locator('#empty').innerText()).toBe('No symbol or exchange fits the filter.')
  })

  test('the question mark lists the keys, Escape closes the list; in the filter it is a letter', async () => {
    const { page } = await open('/')
    await page.keyboard.press('?')
    expect(await page.locator('#help').isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.locator('#help').isVisible()).toBe(false)
    await page.keyboard.press('/')
    await page.keyboard.type('?')
    expect(await page.locator('#help').isVisible()).toBe(false)
    expect(await page.locator('#search').inputValue()).toBe('?')
  })

  test('nothing flashes for those who want no motion, and it does for others', async () => {
    const animations = async (reducedMotion: 'reduce' | 'no-preference', bid: number) => {
      const { page } = await open('/', { reducedMotion })
      await page.evaluate(
        'globalThis.flashes = 0; Element.prototype.animate = new Proxy(Element.prototype.animate, { apply: (f, t, a) => { flashes++; return Reflect.apply(f, t, a) } })',
      )
      await pages.quote('gate', 'ETH-USD', bid, bid + 1)
      await expect
        .poll(() => page.locator('tr[data-symbol="ETH-USD"][data-exchange="gate"] .bid').getAttribute('data-value'))
        .toBe(String(bid))
      return page.evaluate<number>('flashes')
    }
    expect(await animations('reduce', 1100)).toBe(0)
    expect(await animations('no-preference', 1200)).toBeGreaterThan(0)
  })

  test('gaps and reconnects of the last hour are a table, the newest first, behind a picture', async () => {
    const { page } = await open('/')
    const rows = () =>
      page
        .locator('#losses tr')
        .evaluateAll((all) => all.map((row) => [...row.children].slice(1).map(({ textContent }) => textContent)))
    expect(await rows()).toEqual([
      ['coinbase', 'numbers missing', '60 s', 'BTC-USD', 'yes'],
      ['kraken', 'connected', '–', 'all', '–'],
      ['kraken', 'connection lost: closed with 1001', '60 s', 'BTC-USD, ETH-USD', 'no'],
    ])
    expect(await page.locator('#losses .when').first().innerText()).toMatch(/^\d\d:\d\d:\d\d – \d\d:\d\d:\d\d$/)
    expect(await page.locator('#gaps-summary').innerText()).toBe('2 gaps, connected once')
    expect(await page.locator('#lanes').getAttribute('aria-hidden')).toBe('true')
    const lanes = await page
      .locator('#lanes .lane')
      .evaluateAll((all) =>
        all.map((lane) => `${lane.getAttribute('data-exchange')} ${lane.querySelectorAll('.mark').length}`),
      )
    expect(lanes).toEqual(['coinbase 1', 'gate 0', 'kraken 2'])
    const left = await page.locator('#lanes .mark[data-filled="yes"]').evaluate((mark) => mark.getAttribute('style'))
    // Five minutes before an end that is later by what the test took.
    const percent = Number(/left: ([\d.]+)%/.exec(left ?? '')?.[1])
    expect(percent).toBeGreaterThan(80)
    expect(percent).toBeLessThan(92)
  })

  test('the table of gaps is gone through by keys, and its mark in the picture shows', async () => {
    const { page } = await open('/?symbol=ETH-USD')
    await expect.poll(() => page.locator('#losses tr').count()).toBe(2)
    await page.locator('#losses tr[tabindex="0"]').focus()
    await page.keyboard.press('Home')
    const pointed = () => page.locator('#lanes .mark.pointed').evaluateAll((all) => all.map((one) => one.className))
    expect(await pointed()).toEqual(['mark start pointed'])
    await page.keyboard.press('ArrowDown')
    expect(await pointed()).toEqual(['mark loss pointed'])
  })
})
