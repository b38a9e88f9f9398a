import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, launchBrowser, openPage } from '../support/browser.ts'
import { paleTexts } from '../support/contrast.ts'
import type { PageRig } from '../support/page-rig.ts'
import { WRITE_KEY, keepRule, startRulesPage } from '../support/page-rules.ts'
import { ruleOf } from '../support/rules.ts'

const chromium = findChromium()
let pages: PageRig
let browser: Browser
const open = (path: string, options = {}) => openPage(browser, `${pages.rig.url}${path}`, options)
const text = (page: Page, selector: string) => page.locator(selector).innerText()
const search = (page: Page) => new URL(page.url()).search
const field = (page: Page) => page.locator('#editor-text')
const written = (page: Page) => field(page).inputValue()
const verdict = async (page: Page, expected: RegExp): Promise<void> => {
  await expect.poll(() => text(page, '#verdict')).toMatch(expected)
}
const replace = async (page: Page, from: string, to: string): Promise<void> => {
  const before = await written(page)
  if (!before.includes(from)) throw new Error(`there is no ${from} in ${before}`)
  await field(page).fill(before.replace(from, to))
}
const enterKey = async (page: Page): Promise<void> => {
  await page.locator('#write-key-field').fill(WRITE_KEY)
  await page.keyboard.press('Enter')
}

describe.skipIf(chromium === undefined)('the editor of rules', () => {
  beforeAll(async () => {
    pages = await startRulesPage()
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

  test('begins with an example that works, and says what it holds', async () => {
    const { page, complaints } = await open('/?view=rules')
    await page.getByRole('link', { name: 'New rule' }).click()
    expect(search(page)).toBe('?view=new-rule')
    await verdict(page, /^Valid/)
    expect(await text(page, '#bound')).toMatch(/^Holds at most .* cost low\. Its tests are run when it is saved/)
    expect(await page.locator('#diagnostics li[data-grave="true"]').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('underlines what is wrong while it is typed, lists it with code and place, and a click goes there', async () => {
    const { page, complaints } = await open('/?view=new-rule')
    await verdict(page, /^Valid/)
    await replace(page, 'spreadBps > 20', 'spreadBps > 20 && pric > 2')
    await verdict(page, /^1 error$/)
    const item = page.locator('#diagnostics li').first()
    expect(await item.getAttribute('data-code')).toBe('E102')
    expect(await item.locator('.where').innerText()).toBe('/when')
    expect(await item.locator('code').innerText()).toBe('spreadBps > 20 && pric > 2')
    expect([await item.locator('mark').innerText(), await text(page, '#editor-marks mark')]).toEqual(['pric', 'pric'])
    await item.locator('button').click()
    const chosen =
      '(() => { const one = document.querySelector("#editor-text"); return one.value.slice(one.selectionStart, one.selectionEnd) })()'
    expect(await page.evaluate<string>(chosen)).toBe('pric')
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('editor-text')
    await replace(page, '"by": [', '"by" [')
    await verdict(page, /^Not JSON yet\.$/)
    expect(await text(page, '#diagnostics')).toMatch(/A colon must follow the name "by"\.\s+line \d+, column \d+/)
    // A key of the page is text here.
    await field(page).press('o')
    await page.keyboard.press('Escape')
    expect(search(page)).toBe('?view=new-rule')
    expect(complaints).toEqual([])
  })

  test('saves a new rule with a key; what is not saved is kept, on this page and when one comes back', async () => {
    const { page } = await open('/?view=new-rule')
    await verdict(page, /^Valid/)
    await replace(page, '"my-rule"', '"first"')
    await page.locator('#editor-save').click()
    await page.locator('#write-key-cancel').click()
    await expect.poll(() => text(page, '#editor-problem')).toContain('Your text is still here')
    await page.locator('#menu-rules').click()
    await page.getByRole('link', { name: 'New rule' }).click()
    expect(await written(page)).toContain('"id": "first"')
    expect(await text(page, '#editor-note')).toContain('written and not saved')
    await page.locator('#editor-save').click()
    await enterKey(page)
    await expect.poll(() => search(page)).toBe('?rule=first')
    await expect.poll(() => text(page, '#rule-state')).toBe('waiting')
    // Of an id that is taken nothing is lost, either.
    await page.goBack()
    await verdict(page, /^Valid|error/)
    await replace(page, '"my-rule"', '"first"')
    await page.locator('#editor-save').click()
    await expect.poll(() => text(page, '#editor-problem')).toContain('There is a rule first already')
    expect(await written(page)).toContain('"id": "first"')
    await page.locator('#editor-discard').click()
    expect(await written(page)).toContain('"id": "my-rule"')
  })

  test('an edit becomes the next version; what somebody else saved meanwhile is not overwritten unseen', async () => {
    await keepRule(pages.rig, ruleOf('edited'))
    const { page } = await open('/?rule=edited')
    await page.locator('#rule-edit').click()
    await verdict(page, /^Valid/)
    expect(await text(page, '#editor-note')).toContain('this becomes 2')
    await replace(page, 'spreadBps > 10', 'spreadBps > 12')
    await keepRule(pages.rig, ruleOf('edited', 2, 99), 'PUT')
    await field(page).press('Control+s')
    await enterKey(page)
    await expect.poll(() => text(page, '#editor-problem')).toContain('Somebody else has changed it')
    expect(await written(page)).toContain('spreadBps > 12')
    await page.locator('#editor-over').click()
    await expect.poll(() => search(page)).toBe('?rule=edited')
    await expect.poll(() => text(page, '#document-title')).toBe('Document, version 3')
    expect(await text(page, '#document')).toContain('spreadBps > 12')
    await expect.poll(() => page.locator('#versions tr').count()).toBe(3)
  })

  test('a refusal shows what the server found, in the text', async () => {
    const { page } = await open('/?edit=edited')
    await verdict(page, /^Valid/)
    const failing = { name: 'fires', given: [], expect: [{ at: '1s' }] }
    await replace(page, '"enabled": true', `"enabled": true, "tests": [${JSON.stringify(failing)}]`)
    await page.locator('#editor-save').click()
    await enterKey(page)
    await expect.poll(() => text(page, '#editor-problem')).toContain('Not saved.')
    await expect.poll(() => page.locator('#diagnostics li[data-code="E701"] .where').innerText()).toBe('/tests/0')
    expect(await written(page)).toContain('"fires"')
  })

  test('tries it on the last hour of the log: matches, near misses, what was never seen', async () => {
    const { page, complaints } = await open('/?edit=first')
    await verdict(page, /^Valid/)
    await field(page).fill(
      JSON.stringify(
        ruleOf('first', 9, 10, {
          by: ['exchange', 'symbol'],
          where: "symbol == 'BTC-USD'",
          when: 'spreadBps > 10 && bid > 1000.5',
          emit: { type: 'x', fields: { bid: 'bid' } },
        }),
      ),
    )
    // The asset is the same whatever it is quoted in.
    await page.locator('#trial-symbol').fill('btc-usd')
    await page.locator('#trial-run').click()
    await expect.poll(() => page.locator('#trial').getAttribute('data-trial'), { timeout: 60_000 }).toBe('done')
    expect(await text(page, '#trial-status')).toMatch(/^2 matches in \d+ events, 3 of them past “where”, .* UTC\.$/)
    expect(await page.locator('#trial-matches tr').allInnerTexts()).toEqual([
      expect.stringMatching(/fired\s+info\s+gate · BTC-USD\s+bid 1,001$/s),
      expect.stringMatching(/fired\s+info\s+kraken · BTC-USD\s+bid 1,002$/s),
    ])
    expect(await page.locator('#trial-misses li').allInnerTexts()).toEqual([
      expect.stringMatching(/coinbase · BTC-USD: bid > 1000\.5 short by 0\.050 % \(1,000 against 1,000\.5\)$/),
    ])
    expect(await text(page, '#trial-seen')).toMatch(/^\d of \d conditions were seen true and false\.$/)
    expect(await page.locator('#trial-coverage li').allInnerTexts()).toContain('spreadBps > 10 always true')
    expect(complaints).toEqual([])
  })

  test('has texts that stand out in dark and light, and fits a phone', async () => {
    const { page } = await open('/?view=new-rule', {
      viewport: { width: 320, height: 700 },
      isMobile: true,
      reducedMotion: 'reduce',
    })
    await verdict(page, /^Valid/)
    await replace(page, 'spreadBps > 20', 'spreadBps > 20 && pric > 2')
    await page.waitForSelector('#diagnostics li')
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
