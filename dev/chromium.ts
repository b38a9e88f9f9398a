import { access, constants } from 'node:fs/promises'
import type { Variables } from './java.ts'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The browser for the page's tests: `CHROMIUM_PATH`, else where systems put it. */
export async function findChromium(variables: Variables): Promise<string | undefined> {
  const wanted = variables['CHROMIUM_PATH']
  for (const file of wanted === undefined || wanted === '' ? PLACES : [wanted]) {
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return file
  }
  return undefined
}
