import { findChromium, launchBrowser, openPage } from './browser.ts'

/** Long enough for tick rates over five seconds, the first heartbeat with latencies and the history of a chart. */
const SETTLE_MS = 12_000

/**
 * The README's pictures, while `crosstide up` runs: `node tests/support/screenshot.ts http://127.0.0.1:8080
 * api/page/screenshot.png` and `… http://127.0.0.1:8080/?symbol=BTC-USD api/page/screenshot-symbol.png`; the others are named
 * after their views: `/?signal=…`, `/?view=rules`, `/?rule=…&match=…`, `/?view=alerts`.
 */
const [url, path] = process.argv.slice(2)
const chromium = findChromium()
if (url === undefined || path === undefined || chromium === undefined) {
  process.stderr.write('usage: node tests/support/screenshot.ts URL FILE.png\n')
  process.exit(2)
}
const browser = await launchBrowser(chromium)
const { page, complaints } = await openPage(browser, url, {
  viewport: { width: 1200, height: 860 },
  deviceScaleFactor: 2,
  colorScheme: 'dark',
})
await page.waitForTimeout(SETTLE_MS)
await page.screenshot({ path })
await browser.close()
process.stderr.write(complaints.map((complaint) => `${complaint}\n`).join(''))
