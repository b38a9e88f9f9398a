import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../core/errors.ts'
import { MICROS_PER_MILLI, fromMillis, toIso, type Micros } from '../core/time.ts'
import type { Incoming, Offset, Ranges } from '../io/kafka/port.ts'
import type { Catalogue, TopicSpec } from '../schemas/topics.ts'
import type { Range } from './history.ts'

/** A dead letter as the API shows it: why and from where, and only the start of what it holds. */
export type LetterItem = {
  /** Where the record was going. */
  readonly topic: string
  readonly offset: Offset
  readonly time: string
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: number
  readonly preview: string
}

export type LetterFilter = Range & {
  /** Where the record was going; `undefined`: anywhere. */
  readonly topic: string | undefined
  readonly after: { readonly topic: string; readonly next: Offset } | undefined
  readonly limit: number
}
export type LetterPage = {
  readonly letters: readonly LetterItem[]
  readonly next: { readonly topic: string; readonly next: Offset } | undefined
}

/** Reads dead letters; throws KAFKA_UNAVAILABLE if that takes long. */
export type Letters = (filter: LetterFilter) => Promise<LetterPage>

/** Letters may be large: a page ends early when so much was read for it. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024
const PATIENCE_MS = 5000
const MAX_PREVIEW_BYTES = 1000
const MAX_HEADER_BYTES = 256
const SUFFIX = '.dead-letters'

export const letterTopics = (topics: Catalogue): readonly TopicSpec[] =>
  Object.values(topics).filter(({ name }) => name.endsWith(SUFFIX))

/** One page after the other: however many ask, one page's letters are in memory. */
export function openLetters(ranges: Ranges, topics: Catalogue): Letters {
  const names = letterTopics(topics).map(({ name }) => name)
  let last: Promise<unknown> = Promise.resolve()
  return async (filter) => {
    const page = last.then(() => readPage(ranges, names, filter))
    last = page.catch(() => undefined)
    const patience = new AbortController()
    const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
      throw new PipelineError('KAFKA_UNAVAILABLE', `no letters within ${PATIENCE_MS} ms`)
    })
    try {
      return await Promise.race([page, late])
    } finally {
      patience.abort()
      late.catch(() => undefined)
    }
  }
}

/** Topic by topic; within one by offset. */
async function readPage(ranges: Ranges, names: readonly string[], filter: LetterFilter): Promise<LetterPage> {
  const { after, limit } = filter
  const letters: LetterItem[] = []
  let bytes = 0
  const wanted = names.filter((name) => filter.topic === undefined || name === `${filter.topic}${SUFFIX}`)
  const skipped = after === undefined ? 0 : Math.max(0, wanted.indexOf(after.topic))
  for (const topic of wanted.slice(skipped)) {
    const slot = { topic, partition: 0 }
    const [bounds, since, until] = await Promise.all([
      ranges.bounds(slot),
      ranges.atTime(slot, millisFrom(filter.from)),
      ranges.atTime(slot, millisFrom(filter.to)),
    ])
    const start = Math.max(bounds.first, since, after?.topic === topic ? after.next : 0)
    if (start >= until) continue
    for await (const records of ranges.read(slot, start, until)) {
      for (const record of records) {
        bytes += record.value?.length ?? 0
        if (isWithin(record, filter)) letters.push(letterItem(topic, record))
        if (letters.length >= limit || bytes > MAX_PAGE_BYTES) {
          const isLast = record.offset + 1 >= until && topic === wanted.at(-1)
          return { letters, next: isLast ? undefined : { topic, next: record.offset + 1 } }
        }
      }
    }
  }
  return { letters, next: undefined }
}

/** The first millisecond that is not before a time. */
const millisFrom = (time: Micros): number => Math.ceil(time / MICROS_PER_MILLI)

/** Their writers' clocks stamp letters, so a few may stand out of order. */
const isWithin = ({ timestampMs }: Incoming, { from, to }: Range): boolean =>
  timestampMs >= millisFrom(from) && timestampMs < millisFrom(to)

/** Headers and a preview in text; what is no text shows as U+FFFD. */
export function letterItem(topic: string, { offset, timestampMs, value, headers }: Incoming): LetterItem {
  return {
    topic: topic.slice(0, -SUFFIX.length),
    offset,
    time: toIso(fromMillis(Math.max(0, timestampMs))),
    headers: Object.fromEntries((headers ?? []).map(([name, one]) => [name, textOf(one, MAX_HEADER_BYTES)])),
    bytes: value?.length ?? 0,
    preview: value === null ? '' : textOf(value, MAX_PREVIEW_BYTES),
  }
}

/** No control characters: the text may be shown on a terminal. */
const textOf = (bytes: Buffer, most: number): string =>
  bytes
    .subarray(0, most)
    .toString()
    .replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD')
