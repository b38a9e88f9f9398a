import type { WrittenAlert } from './alert.ts'

const EARLIEST = Date.UTC(2009, 0, 3) * 1000
const LATEST = Date.UTC(2100, 0, 1) * 1000
/** An entry of an index of PostgreSQL holds 2,700 bytes; a character may take four. */
const LONGEST_NAME = 600
const LONGEST_TITLE = 2000

/** Why a decoded alert cannot be believed, or `undefined` if it can: Avro is no checksum. */
export function alertFault(alert: WrittenAlert): string | undefined {
  const { alertId, alertKey, type, title, at, ruleId = '', source, origin, suppressed } = alert
  for (const [name, text] of Object.entries({ alertId, alertKey, type }))
    if (text === '' || text.length > LONGEST_NAME) return `${name}: empty or too long`
  if (ruleId.length > LONGEST_NAME) return 'ruleId: too long'
  if (title.length > LONGEST_TITLE) return 'title: too long'
  if (!(at >= EARLIEST && at < LATEST)) return `at: out of range ${at}`
  if (!(Number.isSafeInteger(suppressed) && suppressed >= 0)) return `suppressed: not a count ${suppressed}`
  if (source === 'RULE' && (ruleId === '' || origin === undefined)) return 'source: RULE without rule or origin'
  if (origin === undefined) return undefined
  const { processor, partition, offset, ordinal } = origin
  const isPlace = [partition, offset, ordinal].every((one) => Number.isSafeInteger(one) && one >= 0)
  return processor === '' || !isPlace ? 'origin: no place' : undefined
}
