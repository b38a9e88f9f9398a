import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

const ARGS = [
  // Needed as root, as in containers.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** The system's Chromium; `undefined` if there is none, which is an error where CI is set. */
export function findChromium(): string | undefined {
  const path = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
  if (existsSync(path)) return path
  if (process.env['CI']) throw new Error(`the browser tests need Chromium; there is none at ${path}`)
  process.stderr.write(`browser tests skipped: no Chromium at ${path} (CHROMIUM_PATH names another)\n`)
  return undefined
}

export const launchBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ARGS })

/** A page that has its first prices, and everything it complained of: console errors, failed requests, statuses from 400. */
export type Opened = { readonly page: Page; readonly complaints: string[] }

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  until = 'html[data-ready="true"]',
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  page.on('requestfailed', (request) => {
    // A view that is left stops asking.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`)
  })
  await page.goto(url)
  await page.waitForSelector(until)
  return { page, complaints }
}
