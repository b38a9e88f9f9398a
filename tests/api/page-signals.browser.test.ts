import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Opportunity } from '../../core/opportunity.ts'
import type { Derived } from '../../core/processor.ts'
import { micros, type Micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { findChromium, launchBrowser, openPage } from '../support/browser.ts'
import { paleTexts } from '../support/contrast.ts'
import { leg, life, opportunity, origin } from '../support/derived.ts'
import { startPageRig, type PageRig } from '../support/page-rig.ts'
import { openSignals, type SignalRig } from '../support/signals.ts'

const chromium = findChromium()
let pages: PageRig
let signals: SignalRig
let browser: Browser
/** The rig has stored a quote of each exchange for each of the fifty seconds before. */
let started: Micros
const open = (path: string, options = {}) => openPage(browser, `${pages.rig.url}${path}`, options)

let offset = 0
const ago = (ms: number): Micros => micros(now() - ms * 1000)
const openedAt = new Map<number, Micros>()
/** A record of signal `n` of BTC-USD, bought on kraken and sold on gate. */
const record = (n: number, phase: Opportunity['phase'], change: Partial<Derived<Opportunity>> = {}) => {
  if (phase === 'OPEN') openedAt.set(n, change.at ?? now())
  return opportunity({
    opportunityId: `x:0:${n}:0`,
    phase,
    at: phase === 'OPEN' ? (openedAt.get(n) ?? now()) : now(),
    feed: 'SIMULATED',
    ttlMs: 86_400_000 * 365,
    legs: [
      leg({ exchange: 'kraken', symbol: 'BTC-USD', price: 1002, quoteAgeMs: 12 }),
      leg({ exchange: 'gate', symbol: 'BTC-USD', price: 1005.5, side: 'SELL', quoteAgeMs: 1500 }),
    ],
    size: 0.25,
    profit: 0.875,
    origin: origin({ offset: offset++ }),
    ...(phase === 'OPEN' ? {} : { life: life({ openedAt: openedAt.get(n) ?? now() }) }),
    ...(phase === 'CLOSE' ? { reason: 'edge', edgeBps: 2 } : {}),
    ...change,
  })
}
const rows = (page: Page, body: string) =>
  page.locator(`#${body} tr`).evaluateAll((all) => all.map((row) => row.getAttribute('data-id')))
const cells = (page: Page, id: string) => page.locator(`#open-signals tr[data-id="${id}"] td`).allInnerTexts()

describe.skipIf(chromium === undefined)('opportunities on the page', () => {
  beforeAll(async () => {
    pages = await startPageRig()
    started = now()
    signals = await openSignals(pages.rig)
    browser = await launchBrowser(chromium ?? '')
  })
  // Pages go on asking for as long as they are open.
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
  })
  afterAll(async () => {
    await browser.close()
    await pages.stop()
  })

  test('says that nothing is looked for, then that nothing is there above the threshold, and when there was', async () => {
    const empty = (page: Page) => page.locator('#open-empty').innerText()
    const { page: early } = await open('/')
    await expect.poll(() => empty(early)).toBe('No fees and thresholds are in force yet, so nothing is looked for.')
    const { pool } = pages.rig.database
    await pool.query(`select ingest.add_document('arbitrage', '{"openBps":12}', 'hash', 'me@here', false)`)
    await pool.query('update ingest.outbox set published_at = now()')
    const { page: none } = await open('/')
    await expect.poll(() => empty(none)).toBe('No opportunity above 12 bps now; none within 31 days.')
    await signals.say(record(1, 'OPEN', { at: ago(200_000) }))
    const lived = life({ openedAt: openedAt.get(1) ?? now(), durationMs: 20_000, peakBps: 14 })
    await signals.say(record(1, 'CLOSE', { at: ago(180_000), life: lived }))
    await signals.store()
    const { page, complaints } = await open('/')
    await expect.poll(() => empty(page)).toBe('No opportunity above 12 bps now; last one 3 min ago.')
    expect(await page.locator('#open-table').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  test('shows what opens at once, with edge, size, profit, both ages and the time it has been open', async () => {
    const { page, complaints } = await open('/')
    await expect.poll(() => page.locator('#open-count').innerText()).toBe('none open')
    await signals.say(record(2, 'OPEN', { at: ago(2000) }))
    await expect.poll(() => rows(page, 'open-signals')).toEqual(['x:0:2:0'])
    const [route, edge, size, profit, ages, lasts, feed] = await cells(page, 'x:0:2:0')
    expect([route, edge, size, profit, ages, feed]).toEqual([
      'Kraken → Gate',
      '10.0 bps',
      '0.25 BTC',
      '0.875 USD',
      '12 ms · 1.5 s',
      'SIMULATED',
    ])
    expect(lasts).toMatch(/^\d+(\.\d)? s$/)
    await expect.poll(async () => (await cells(page, 'x:0:2:0'))[5]).not.toBe(lasts)
    await signals.say(record(3, 'OPEN', { edgeBps: 20 }), record(2, 'UPDATE', { edgeBps: 15.25 }))
    await expect.poll(() => rows(page, 'open-signals')).toEqual(['x:0:3:0', 'x:0:2:0'])
    await expect.poll(async () => (await cells(page, 'x:0:2:0'))[1]).toBe('15.3 bps')
    await signals.say(record(3, 'CLOSE'), record(2, 'CLOSE'))
    await expect
      .poll(() => page.locator('#open-empty').innerText())
      .toMatch(/above 12 bps now; last one \d+(\.\d)? s ago/)
    await signals.store()
    expect(complaints).toEqual([])
  })

  test('its history is found by key and address, is filtered, and leads to one and back', async () => {
    const { page, complaints } = await open('/')
    await page.keyboard.press('o')
    expect([new URL(page.url()).search, await page.title()]).toEqual([
      '?view=opportunities',
      'Opportunities · SIMULATED · crosstide',
    ])
    await expect.poll(() => rows(page, 'history')).toEqual(['x:0:3:0', 'x:0:2:0', 'x:0:1:0'])
    await page.locator('#history-filters [name="minEdgeBps"]').fill('13')
    await expect.poll(() => rows(page, 'history')).toEqual(['x:0:1:0'])
    await page.locator('#history-filters [name="exchange"]').fill('okx')
    await expect.poll(() => page.locator('#history-status').innerText()).toContain('No opportunity')
    await page.locator('#history-filters [name="exchange"]').fill('')
    await expect.poll(() => rows(page, 'history')).toEqual(['x:0:1:0'])
    await page.locator('#history a.symbol').focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('#signal-name').innerText()).toBe('BTC-USD: Kraken → Gate')
    expect(new URL(page.url()).search).toBe('?signal=x:0:1:0')
    await page.keyboard.press('Escape')
    expect(new URL(page.url()).search).toBe('?view=opportunities')
    expect(await page.evaluate<string>('document.activeElement.closest("tr")?.dataset.id')).toBe('x:0:1:0')
    await page.keyboard.press('Escape')
    expect(await page.locator('#overview').isVisible()).toBe(true)
    expect(complaints).toEqual([])
  })

  test('draws one on the prices of both legs, with its records and the quotes behind it', async () => {
    const before = (seconds: number): Micros => micros(started - seconds * 1_000_000)
    await signals.say(record(4, 'OPEN', { at: before(30) }))
    const lived = life({ openedAt: before(30), durationMs: 10_000 })
    await signals.say(record(4, 'UPDATE', { at: before(25), edgeBps: 12, life: lived }))
    const executableAfter = [
      { delayMs: 50, edgeBps: 9.5, executable: true },
      { delayMs: 250, edgeBps: undefined, executable: false },
      { delayMs: 500, edgeBps: undefined, executable: undefined },
    ]
    await signals.say(record(4, 'CLOSE', { at: before(20), life: lived, executableAfter }))
    await signals.store()
    const { page, complaints } = await open('/?signal=x:0:4:0')
    const figure = page.locator('#evidence')
    await expect.poll(() => figure.getAttribute('data-history')).toBe('there')
    expect(await figure.getAttribute('data-records')).toBe('3')
    // A quote a second is stored: of ten seconds of life, some around and ten more before, less what the rig took to start.
    const points = (await figure.getAttribute('data-points'))?.split(',').map(Number)
    expect(points).toHaveLength(2)
    for (const count of points ?? []) expect(count).toBeGreaterThanOrEqual(20)
    expect(await page.locator('#evidence-canvas canvas').count()).toBeGreaterThan(2)
    expect(await page.locator('#signal-legs tr').allInnerTexts()).toEqual([
      expect.stringMatching(/^Buy BTC-USD\s+Kraken\s+1,002(\.0)?\s.*12 ms\s+0 : 7$/s),
      expect.stringMatching(/^Sell BTC-USD\s+Gate\s+1,005\.5\s.*1\.5 s\s+0 : 7$/s),
    ])
    expect(await page.locator('#signal-survival li').allInnerTexts()).toEqual([
      'after 50 ms yes, 9.5 bps',
      'after 250 ms no',
      'after 500 ms cut before',
    ])
    expect(await page.locator('#signal-state').innerText()).toMatch(/^SIMULATED, opened .* UTC, ended: edge gone$/)
    await page.locator('#signal-legs a').first().click()
    await expect.poll(() => page.locator('#symbol-name').innerText()).toBe('BTC-USD')
    expect(complaints).toEqual([])
  })

  test('one that is open goes on before the eyes, until it ends; one that is not there says so', async () => {
    await signals.say(record(5, 'OPEN'))
    await signals.store()
    const { page } = await open('/?signal=x:0:5:0')
    await expect.poll(() => page.locator('#signal-state').innerText()).toContain(', open')
    await signals.say(record(5, 'UPDATE', { edgeBps: 33 }))
    await expect.poll(() => page.locator('#signal-edge').innerText()).toBe('33.0 bps')
    await signals.say(record(5, 'CLOSE'))
    await signals.store()
    await expect.poll(() => page.locator('#signal-state').innerText()).toContain('ended: edge gone')
    await expect.poll(() => page.locator('#evidence').getAttribute('data-records'), { timeout: 10_000 }).toBe('3')
    const { page: none } = await open('/?signal=x:0:99:0')
    await expect.poll(() => none.locator('#signal-empty').innerText()).toContain('not stored')
  })

  test.each(['/', '/?view=opportunities', '/?signal=x:0:4:0'])(
    '%s has texts that stand out in dark and light, and fits a phone',
    async (path) => {
      await signals.say(record(6, 'OPEN'))
      const { page } = await open(path, {
        viewport: { width: 320, height: 700 },
        isMobile: true,
        reducedMotion: 'reduce',
      })
      if (path === '/') await page.waitForSelector('#open-signals tr')
      if (path.includes('view')) await page.waitForSelector('#history tr')
      if (path.includes('signal')) await page.waitForSelector('#evidence[data-history="there"]')
      for (const width of [320, 400]) {
        await page.setViewportSize({ width, height: 700 })
        const sizes = () => page.evaluate<readonly number[]>('[document.documentElement.scrollWidth, innerWidth]')
        await expect.poll(sizes).toEqual([width, width])
      }
      await page.setViewportSize({ width: 1280, height: 900 })
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme })
        expect([colorScheme, (await paleTexts(page)).pale]).toEqual([colorScheme, []])
      }
      await signals.say(record(6, 'CLOSE'))
    },
  )
})
