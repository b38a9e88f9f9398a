import type { Headers, Incoming, Offset } from './port.ts'

/** A record as kafkajs hands it: 64 bit numbers as text, headers as an object. */
export type RawRecord = {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: string
  readonly offset: string
  readonly headers?: RawHeaders
}
type RawHeader = Buffer | string | undefined
type RawHeaders = { readonly [name: string]: RawHeader | readonly RawHeader[] }

/** A record as the port has it. */
export function toIncoming(raw: RawRecord): Incoming {
  const { key, value } = raw
  const offset = offsetOf(raw.offset)
  const timestampMs = Number(raw.timestamp)
  const headers = raw.headers === undefined ? [] : toHeaders(raw.headers)
  return headers.length === 0 ? { offset, key, value, timestampMs } : { offset, key, value, timestampMs, headers }
}

/** Throws RangeError on text that is no offset. */
export function offsetOf(text: string): Offset {
  const offset = Number(text)
  if (!Number.isSafeInteger(offset)) throw new RangeError(`not an offset: ${text}`)
  return offset
}

const NO_HEADERS: Headers = []

function toHeaders(headers: RawHeaders): Headers {
  let found: (readonly [string, Buffer])[] | undefined
  for (const [name, values] of Object.entries(headers)) {
    found ??= []
    for (const value of [values].flat())
      if (value !== undefined) found.push([name, Buffer.isBuffer(value) ? value : Buffer.from(value)])
  }
  return found ?? NO_HEADERS
}

/** Headers as kafkajs wants them: a name that comes twice has an array. */
export function fromHeaders(headers: Headers): Record<string, Buffer | Buffer[]> {
  const raw: Record<string, Buffer | Buffer[]> = {}
  for (const [name, value] of headers) {
    const before = raw[name]
    raw[name] = before === undefined ? value : [before, value].flat()
  }
  return raw
}

/** The offset a batch was asked for; kafkajs does not declare it. */
export function fetchedOffsetOf(batch: object): Offset {
  if ('fetchedOffset' in batch) return offsetOf(String(batch.fetchedOffset))
  throw new TypeError('the batch does not say what it was fetched from')
}
