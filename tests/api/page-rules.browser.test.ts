import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Match } from '../../core/match.ts'
import type { Derived } from '../../core/processor.ts'
import { micros, type Micros } from '../../core/time.ts'
import { now } from '../../io/clock.ts'
import { findChromium, launchBrowser, openPage } from '../support/browser.ts'
import { paleTexts } from '../support/contrast.ts'
import { origin } from '../support/derived.ts'
import { evidence, match } from '../support/matches.ts'
import type { PageRig } from '../support/page-rig.ts'
import { WRITE_KEY, bringIntoForce, keepRule, matchStore, startRulesPage } from '../support/page-rules.ts'
import { ruleOf } from '../support/rules.ts'

const chromium = findChromium()
let pages: PageRig
let browser: Browser
let started: Micros
let store: ReturnType<typeof matchStore>
const open = (path: string, options = {}) => openPage(browser, `${pages.rig.url}${path}`, options)
const rows = (page: Page, body: string) =>
  page.locator(`#${body} tr`).evaluateAll((all) => all.map((row) => row.getAttribute('data-id')))
const cell = (page: Page, id: string, name: string) =>
  page.locator(`#rules-list tr[data-id="${id}"] ${name}`).first().innerText()
const text = (page: Page, selector: string) => page.locator(selector).innerText()
const search = (page: Page) => new URL(page.url()).search

const ago = (seconds: number): Micros => micros(started - seconds * 1_000_000)
/** A hit of `wide` on kraken, `n` seconds ago. */
const hit = (n: number, change: Partial<Derived<Match>> = {}): Derived<Match> =>
  match({
    ruleId: 'wide',
    type: 'spread',
    key: { exchange: 'kraken', symbol: 'BTC-USD' },
    exchange: 'kraken',
    symbol: 'BTC-USD',
    at: ago(n),
    feed: 'SIMULATED',
    fields: { spreadBps: 12.345678, side: 'BUY', mean: null },
    inputs: { z: 4.5 },
    evidence: [
      evidence({ stream: 'quote', exchange: 'kraken', symbol: 'BTC-USD', at: ago(n + 2), offset: 40 }),
      evidence({ stream: 'quote', exchange: 'kraken', symbol: 'BTC-USD', at: ago(n), offset: 41 }),
    ],
    origin: origin({ offset: 1000 - n }),
    ...change,
  })

const SECONDS = `
insert into candles_1s (exchange, symbol, open_time, close_time, open, high, low, close, volume, quote_volume, vwap, trades, feed, partition, log_offset, origin_part, origin_offset)
select 'kraken', 'BTC-USD', s, s + interval '1 s', 1000, 1002.5, 999, 1001, 1, 1000, 1000, 3, 'SIMULATED', 0, 0, 0, 0
  from generate_series(date_trunc('second', to_timestamp($1::float8)) - interval '90 s', to_timestamp($1::float8), interval '1 s') s`

describe.skipIf(chromium === undefined)('rules on the page', () => {
  beforeAll(async () => {
    pages = await startRulesPage()
    started = now()
    browser = await launchBrowser(chromium ?? '')
    store = matchStore(pages.rig)
  })
  // Pages go on asking for as long as they are open.
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
  })
  afterAll(async () => {
    await browser.close()
    await pages.stop()
  })

  test('says that there are none; lists them with what became of each and how often it fired', async () => {
    const { page, complaints } = await open('/')
    await page.keyboard.press('r')
    expect([search(page), await page.title()]).toEqual(['?view=rules', 'Rules · SIMULATED · crosstide'])
    await expect.poll(() => text(page, '#rules-empty')).toContain('no rules yet')
    await keepRule(pages.rig, ruleOf('wide', 1, 10, { by: ['exchange', 'symbol'], name: 'Wide spread' }))
    const cases = [{ if: 'spreadBps > 90', then: 'critical' }] as const
    await keepRule(pages.rig, ruleOf('narrow', 3, 10, { enabled: false, severity: { cases, else: 'info' } }))
    await bringIntoForce(pages.rig, 'wide', 1)
    await store(hit(4000), hit(7), hit(5, { phase: 'RESOLVED', reason: 'release' }))
    await expect.poll(() => rows(page, 'rules-list')).toEqual(['narrow', 'wide'])
    await expect.poll(() => cell(page, 'wide', '.rule-state')).toBe('in force')
    await expect.poll(() => page.locator('#rules-list tr[data-id="wide"] .fired').allInnerTexts()).toEqual(['1', '2'])
    expect(await cell(page, 'wide', '.last-fired')).toMatch(/^\d+(\.\d)? s ago$/)
    expect(await cell(page, 'wide', '.severity')).toBe('info')
    expect([await cell(page, 'narrow', '.rule-state'), await cell(page, 'narrow', '.last-fired')]).toEqual([
      'off',
      'never',
    ])
    expect([await cell(page, 'narrow', '.version'), await cell(page, 'narrow', '.severity')]).toEqual([
      '3',
      'up to critical',
    ])
    expect(await text(page, '#rules-status')).toBe('1 of 2 active')
    expect(complaints).toEqual([])
  })

  test('asks for a key that may write, says when it is none, keeps it for the tab, and acts', async () => {
    const { page } = await open('/?view=rules')
    const power = page.locator('#rules-list tr[data-id="narrow"] button').first()
    await expect.poll(() => power.innerText()).toBe('Activate')
    await power.click()
    expect(await text(page, '#write-key-why')).toContain('takes a key that may write')
    // The page's own keys are text here.
    await page.locator('#write-key-field').fill('no-key-of-this-server-at-all')
    await page.keyboard.press('Enter')
    await expect.poll(() => text(page, '#write-key-why')).toContain('does not know this key')
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0)
    await page.locator('#write-key-field').fill(WRITE_KEY)
    await page.keyboard.press('Enter')
    await expect.poll(() => power.innerText()).toBe('Deactivate')
    expect(await cell(page, 'narrow', '.rule-state')).toBe('waiting')
    await power.click()
    await expect.poll(() => cell(page, 'narrow', '.rule-state')).toBe('off')
    // It was active once: one step back.
    const back = page.getByRole('button', { name: 'Roll Spread of narrow back to version 3' })
    await expect.poll(() => back.isVisible()).toBe(true)
    await back.click()
    await expect.poll(() => cell(page, 'narrow', '.rule-state')).toBe('waiting')
    expect(search(page)).toBe('?view=rules')
    await page.locator('#sign-out').click()
    await page.waitForSelector('html[data-ready="true"]')
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0)
  })

  test('a question for the key that is left does nothing', async () => {
    const { page, complaints } = await open('/?view=rules')
    await page.locator('#rules-list tr[data-id="wide"] button').first().click()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('#write-key').isVisible()).toBe(false)
    expect([search(page), await cell(page, 'wide', '.rule-state')]).toEqual(['?view=rules', 'in force'])
    expect(complaints).toEqual([])
  })

  test('one shows its state, versions and document, and its newest match on the prices', async () => {
    await pages.rig.database.pool.query(SECONDS, [started / 1_000_000])
    const { page, complaints } = await open('/?view=rules')
    await page.locator('#rules-list tr[data-id="wide"] a.symbol').focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => text(page, '#rule-name')).toBe('Wide spread')
    expect(search(page)).toBe('?rule=wide')
    await expect.poll(() => text(page, '#rule-state')).toBe('in force')
    await expect.poll(() => text(page, '#rule-day')).toBe('2')
    expect(await text(page, '#rule-sentence')).toBe('wide. Version 1 is in force.')
    await expect.poll(() => rows(page, 'matches')).toHaveLength(3)
    await expect.poll(() => page.locator('#match').getAttribute('data-chart')).toBe('there')
    expect(await text(page, '#match-title')).toBe('spread resolved: kraken · BTC-USD')
    // Two quotes two seconds apart, and the match at the second of them.
    expect(await page.locator('#match-chart').getAttribute('data-marks')).toBe(
      'evidence quote; evidence quote; at RESOLVED',
    )
    expect(await text(page, '#match-caption')).toContain('BTC-USD, kraken, candles of a second')
    expect(await page.locator('#match-fields div').allInnerTexts()).toEqual([
      expect.stringMatching(/^mean\s–$/),
      expect.stringMatching(/^side\sBUY$/),
      expect.stringMatching(/^spreadBps\s12\.3457$/),
    ])
    await page.locator('#match-evidence-part summary').click()
    expect(await page.locator('#match-evidence tr').last().innerText()).toMatch(/^quote\s+Kraken\s+BTC-USD\s.*0 : 41$/s)
    expect(await text(page, '#document')).toContain('"when": "spreadBps > 10"')
    expect(await page.locator('#versions tr').allInnerTexts()).toEqual([expect.stringMatching(/^1 ACTIVE\s.*local/s)])
    await page.keyboard.press('Escape')
    expect(search(page)).toBe('?view=rules')
    expect(complaints).toEqual([])
  })

  test('a match is chosen by row or address, an old one by minutes; what is not there says so', async () => {
    const { page, complaints } = await open('/?rule=wide')
    await expect.poll(() => rows(page, 'matches')).toHaveLength(3)
    const id = 'wide@1:0:993:0'
    await page.locator(`#matches tr[data-id="${id}"]`).click()
    await expect.poll(() => text(page, '#match-title')).toBe('spread fired: kraken · BTC-USD')
    expect(search(page)).toBe(`?rule=wide&match=${id}`)
    expect(await page.locator('#matches tr[data-chosen]').getAttribute('data-id')).toBe(id)
    await page.reload()
    await expect.poll(() => text(page, '#match-title')).toBe('spread fired: kraken · BTC-USD')
    // Hits of half an hour have candles of a minute here, and none of a second.
    await store(hit(900))
    await page.goto(`${pages.rig.url}/?rule=wide&match=wide@1:0:100:0`)
    await expect.poll(() => text(page, '#match-caption')).toContain('candles of a minute')
    expect(complaints).toEqual([])
    const { page: none } = await open('/?rule=wide&match=wide@1:0:1:9')
    await expect.poll(() => text(none, '#rule-problem')).toContain('not stored')
    const { page: nothing } = await open('/?rule=nothing')
    await expect.poll(() => text(nothing, '#rule-empty')).toBe('There is no rule nothing, or not any more.')
  })

  test('says in a sentence what REST does not give, and shows it once it does', async () => {
    const { page } = await open('/')
    await page.route('**/api/v1/rules**', (route) => route.fulfill({ status: 503, body: '{}' }))
    await page.keyboard.press('r')
    await expect.poll(() => text(page, '#rules-status')).toBe('The rules could not be loaded; trying again.')
    await page.unroute('**/api/v1/rules**')
    await expect.poll(() => rows(page, 'rules-list')).toEqual(['narrow', 'wide'])
    await page.route('**/api/v1/rules/wide/deactivate', (route) =>
      route.fulfill({ status: 503, body: '{"title":"PostgreSQL does not answer"}' }),
    )
    await page.locator('#rules-list tr[data-id="wide"] button').first().click()
    await page.locator('#write-key-field').fill(WRITE_KEY)
    await page.keyboard.press('Enter')
    await expect.poll(() => text(page, '#rules-problem')).toBe('Wide spread: PostgreSQL does not answer.')
    expect(await cell(page, 'wide', '.rule-state')).toBe('in force')
  })

  test.each(['/?view=rules', '/?rule=wide'])(
    '%s has texts that stand out in dark and light, and fits a phone',
    async (path) => {
      const { page } = await open(path, {
        viewport: { width: 320, height: 700 },
        isMobile: true,
        reducedMotion: 'reduce',
      })
      if (path.includes('view')) await page.waitForSelector('#rules-list tr[data-figures]')
      else await page.waitForSelector('#match[data-chart="there"]')
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
    },
  )
})
