import { hostname } from 'node:os'
import { readFileSync } from 'node:fs'

/** Version of the crosstide package. */
export const VERSION: string = readVersion()

/** Which process this is: host, pid and start time in milliseconds; two processes never share one. */
export const INSTANCE = `${hostname()}/${process.pid}/${Math.round(performance.timeOrigin)}`

function readVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string')
    return parsed.version
  throw new TypeError('package.json has no version')
}
