import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { WrittenAlert } from '../../core/alert.ts'
import { micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { alert, serviceAlert } from '../support/alerts.ts'
import { findChromium, launchBrowser, openPage } from '../support/browser.ts'
import { paleTexts } from '../support/contrast.ts'
import { openLiveAlerts, type LiveAlertsRig } from '../support/live-alerts.ts'
import type { PageRig } from '../support/page-rig.ts'
import { WRITE_KEY, startRulesPage } from '../support/page-rules.ts'

const chromium = findChromium()
let pages: PageRig
let alerts: LiveAlertsRig
let browser: Browser
const open = (path: string, options = {}) => openPage(browser, `${pages.rig.url}${path}`, options)
const text = (page: Page, selector: string) => page.locator(selector).innerText()
const ids = (page: Page, body = 'alerts-open') =>
  page.locator(`#${body} tr`).evaluateAll((all) => all.map((row) => row.getAttribute('data-id')))
const search = (page: Page) => new URL(page.url()).search
const idOf = (n: number): string => `spike@1:0:${n}:0`
const fired = (n: number, change: Partial<WrittenAlert> = {}) => alert(n, { at: now(), feed: 'SIMULATED', ...change })
const resolved = (n: number, of: number) =>
  fired(n, { alertKey: alert(of).alertKey, phase: 'RESOLVED', at: micros(now() + 5_000_000) })
const enterKey = async (page: Page): Promise<void> => {
  await page.locator('#write-key-field').fill(WRITE_KEY)
  await page.keyboard.press('Enter')
}

describe.skipIf(chromium === undefined)('alerts on the page', () => {
  beforeAll(async () => {
    pages = await startRulesPage()
    alerts = await openLiveAlerts(pages.rig)
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

  test('says that nothing is open, then shows what fires at once, the gravest first, and counts it everywhere', async () => {
    const { page, complaints } = await open('/')
    await page.keyboard.press('a')
    expect([search(page), await page.title()]).toEqual(['?view=alerts', 'Alerts · SIMULATED · crosstide'])
    await expect.poll(() => text(page, '#alerts-empty')).toContain('Nothing is open')
    await expect.poll(() => text(page, '#alerts-past-status')).toBe('None within 90 days.')
    await alerts.say(fired(1), fired(2, { severity: 'critical' }), serviceAlert(3, { at: now(), severity: 'info' }))
    await expect.poll(() => ids(page)).toEqual([idOf(2), idOf(1), 'healer/here/SILENT/3'])
    expect(await text(page, '#alerts-open tr:first-child')).toMatch(
      /^Price spike\s+critical\s+S2-USD · kraken\s+\d.* s ago\s+isNew yes, jumpBps 120\.5, mean –, side BUY/s,
    )
    expect(await text(page, '#alerts-count')).toBe('3 open')
    await page.locator('#menu-prices').click()
    expect(await text(page, '#alerts-badge')).toBe('3')
    await alerts.say(resolved(4, 1))
    await expect.poll(() => text(page, '#alerts-badge')).toBe('2')
    expect(complaints).toEqual([])
  })

  test('what resolved is below, with how long it lasted; a row leads to the match of its rule', async () => {
    await alerts.store()
    const { page } = await open('/?view=alerts')
    await expect.poll(() => ids(page, 'alerts-past')).toEqual([idOf(1)])
    expect(await text(page, '#alerts-past tr:first-child')).toMatch(
      /^Price spike\s+warning\s+S1-USD · kraken\s.*\s\d(\.\d)? s\s.*–$/s,
    )
    await expect.poll(() => ids(page)).toEqual([idOf(2), 'healer/here/SILENT/3'])
    await page.locator(`#alerts-open tr[data-id="${idOf(2)}"] a`).click()
    expect(search(page)).toBe(`?rule=spike&match=${idOf(2)}`)
  })

  test('is acknowledged with a key that may write: by whom is seen, and the next one has the focus', async () => {
    const { page } = await open('/?view=alerts')
    await expect.poll(() => ids(page)).toHaveLength(2)
    const { page: other } = await open('/')
    await expect.poll(() => text(other, '#alerts-badge')).toBe('2')
    await page.locator('#alerts-open tr').first().getByRole('button', { name: 'Acknowledge' }).click()
    await enterKey(page)
    await expect.poll(() => ids(page)).toEqual(['healer/here/SILENT/3'])
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Acknowledge')
    await expect.poll(() => ids(page, 'alerts-past')).toEqual([idOf(2), idOf(1)])
    expect(await page.locator('#alerts-past tr').first().locator('.author').innerText()).toBe('local')
    // Who looks elsewhere is told, too.
    await expect.poll(() => text(other, '#alerts-badge')).toBe('1')
  })

  test('a rule is silenced for an hour and told again when the silence is ended', async () => {
    await alerts.say(fired(7))
    const { page } = await open('/?view=alerts')
    await expect.poll(() => ids(page)).toContain(idOf(7))
    await page.getByRole('button', { name: 'Silence rule spike for an hour' }).first().click()
    await enterKey(page)
    await expect.poll(() => text(page, '#silences')).toMatch(/^spike for (60 min|1 h|3600 s) more, by local\s+End$/)
    expect(await text(page, '#alerts-done')).toContain('spike is not told to any channel for 1 h')
    expect(await ids(page)).toContain(idOf(7))
    await page.getByRole('button', { name: 'End the silence of spike' }).click()
    await expect.poll(() => page.locator('#silences-panel').isVisible()).toBe(false)
  })

  test('shows more of what is over by pages', async () => {
    const many = Array.from({ length: 30 }, (_, n) => fired(100 + n))
    await alerts.say(...many, ...many.map((_, n) => resolved(200 + n, 100 + n)))
    await alerts.store()
    const { page, complaints } = await open('/?view=alerts')
    await expect.poll(() => ids(page, 'alerts-past')).toHaveLength(25)
    expect(await text(page, '#alerts-past-status')).toBe('25 newest')
    await page.locator('#alerts-more').click()
    await expect.poll(() => ids(page, 'alerts-past')).toHaveLength(32)
    expect(await page.locator('#alerts-more').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  test('has texts that stand out in dark and light, and fits a phone', async () => {
    const { page } = await open('/?view=alerts', {
      viewport: { width: 320, height: 700 },
      isMobile: true,
      reducedMotion: 'reduce',
    })
    await page.waitForSelector('#alerts-open tr')
    await page.waitForSelector('#alerts-past tr')
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
  })
})
