import { createHash } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, launchBrowser, openPage } from '../support/browser.ts'
import { startPageRig, type PageRig } from '../support/page-rig.ts'
import { WRITE_KEY, keepRule } from '../support/page-rules.ts'
import { ruleOf } from '../support/rules.ts'

const KEY = 'a-key-of-the-page-0123456789'
const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')
const chromium = findChromium()
let pages: PageRig
let browser: Browser
/** Where a stranger arrives: the page asks for a key. */
const arrive = (path = '/') => openPage(browser, `${pages.rig.url}${path}`, {}, 'html[data-access="asked"]')
const enter = async (page: Page, key: string): Promise<void> => {
  await page.locator('#key').fill(key)
  await page.keyboard.press('Enter')
}
const text = (page: Page) => page.evaluate<string>('document.body.innerText')

describe.skipIf(chromium === undefined)('with keys', () => {
  beforeAll(async () => {
    const keys = [
      { name: 'alice', hash: hashOf(KEY) },
      { name: 'writer', hash: hashOf(WRITE_KEY), scope: 'write' as const },
    ]
    pages = await startPageRig({ host: '127.0.0.1', keys, origins: [] })
    browser = await launchBrowser(chromium ?? '')
  })
  afterAll(async () => {
    await browser.close()
    await pages.stop()
  })

  test('without one the page shows the question for it and nothing else', async () => {
    const { page, complaints } = await arrive('/?symbol=BTC-USD')
    const shown = await text(page)
    expect(shown).toContain('This server asks for a key')
    expect(shown).not.toMatch(/BTC|symbol|kraken|gap|metrics/i)
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('key')
    await page.keyboard.press('Escape')
    await page.locator('h1').click()
    await page.keyboard.press('?')
    expect(await page.locator('#help').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  test('a wrong one is said to be wrong and is not kept', async () => {
    const { page, complaints } = await arrive()
    await enter(page, `${KEY}x`)
    await expect
      .poll(() => page.locator('#key-problem').innerText(), { timeout: 10_000 })
      .toContain('does not know this key')
    expect(await page.locator('#overview').isVisible()).toBe(false)
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0)
    expect(await page.locator('#key').inputValue()).toBe('')
    expect(complaints).toEqual([])
  })

  test('the right one opens all of it, in headers and the first message, never in an address', async () => {
    const { page, complaints } = await arrive('/?symbol=BTC-USD')
    const addresses: string[] = []
    const headers: (string | undefined)[] = []
    const messages: string[] = []
    page.on('request', (request) => {
      addresses.push(request.url())
      if (request.url().includes('/api/v1/')) headers.push(request.headers()['authorization'])
    })
    page.on('websocket', (socket) => {
      addresses.push(socket.url())
      socket.on('framesent', ({ payload }) => messages.push(String(payload)))
    })
    await enter(page, KEY)
    await page.waitForSelector('#chart[data-history="there"]')
    await page.waitForSelector('#losses tr')
    await page.locator('#back').click()
    await expect.poll(() => page.locator('#exchanges li[data-state="up"]').count(), { timeout: 10_000 }).toBe(3)
    expect(messages.map((message): unknown => JSON.parse(message))).toEqual([
      { type: 'auth', key: KEY },
      { type: 'subscribe_prices' },
      { type: 'subscribe_signals' },
      { type: 'subscribe_alerts' },
    ])
    expect(new Set(headers)).toEqual(new Set([`Bearer ${KEY}`]))
    expect([...addresses, page.url()].filter((address) => address.includes(KEY))).toEqual([])
    expect(await page.evaluate<number>('localStorage.length + document.cookie.length')).toBe(0)
    expect(complaints).toEqual([])
  })

  test('it lasts for a reload of the tab, not for another tab, and until signing out', async () => {
    const { page } = await arrive()
    await enter(page, KEY)
    await page.waitForSelector('html[data-ready="true"]')
    await page.reload()
    await page.waitForSelector('html[data-ready="true"]')
    const other = await page.context().newPage()
    await other.goto(pages.rig.url)
    await other.waitForSelector('html[data-access="asked"]')
    expect(await page.locator('footer a:visible').allInnerTexts()).toEqual(['Reference', 'Health'])
    await page.locator('#sign-out').click()
    await page.waitForSelector('html[data-access="asked"]')
    expect(await text(page)).not.toContain('BTC-USD')
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0)
  })

  test('one that may only read is told so where something is changed; another writes, and this one goes on reading', async () => {
    await keepRule(pages.rig, ruleOf('guarded'))
    const { page } = await arrive('/?view=rules')
    await enter(page, KEY)
    const power = page.locator('#rules-list button').first()
    await expect.poll(() => power.innerText(), { timeout: 10_000 }).toBe('Deactivate')
    await power.click()
    await expect.poll(() => page.locator('#write-key-why').innerText()).toContain('may only read')
    await page.locator('#write-key-field').fill(WRITE_KEY)
    const headers: (string | undefined)[] = []
    page.on('request', (request) => {
      if (request.url().includes('/api/v1/')) headers.push(`${request.method()} ${request.headers()['authorization']}`)
    })
    await page.keyboard.press('Enter')
    await expect.poll(() => power.innerText()).toBe('Activate')
    await expect.poll(() => headers).toContain(`GET Bearer ${KEY}`)
    expect(headers.filter((one) => one?.includes(WRITE_KEY))).toEqual([`POST Bearer ${WRITE_KEY}`])
  })

  test('a key that is no longer accepted leads back to the question', async () => {
    const { page } = await arrive()
    await enter(page, KEY)
    await page.waitForSelector('html[data-ready="true"]')
    await page.route('**/api/v1/exchanges', (route) => route.fulfill({ status: 401, body: '{}' }))
    await expect
      .poll(() => page.locator('#key-problem').innerText(), { timeout: 10_000 })
      .toContain('no longer accepts this key')
    expect(await page.locator('#overview').isVisible()).toBe(false)
  })
})

describe.skipIf(chromium === undefined)('without a server', () => {
  test('the page says so, tries again, and marks what it shows as old', async () => {
    const rig = await startPageRig()
    const own = await launchBrowser(chromium ?? '')
    const { page } = await openPage(own, rig.rig.url)
    await rig.rig.restart(async () => {
      await page.waitForSelector('html[data-connection="closed"]')
      expect(await page.locator('#stale').innerText()).toMatch(
        /these are the prices of \d\d:\d\d:\d\d UTC, not those of now/,
      )
      const style = 'getComputedStyle(document.querySelector("#prices .bid")).fontStyle'
      expect(await page.evaluate<string>(style)).toBe('italic')
    })
    await page.waitForSelector('html[data-connection="open"]', { timeout: 20_000 })
    expect(await page.locator('#stale').isVisible()).toBe(false)
    await own.close()
    await rig.stop()
  })
})
