import { isMicros, type Micros } from '../core/time.ts'
import type { Incoming } from '../io/kafka/port.ts'

/** A dead letter as it stands in its topic; `stage` says what more is known of where it came from. */
export type Letter = {
  readonly offset: number
  readonly timestampMs: number
  /** The topic that the record stands in, or never reached. */
  readonly topic: string
  readonly error: string
  readonly value: Buffer
  readonly from: Origin
}

export type Origin =
  | { readonly stage: 'producer'; readonly exchange: string; readonly session: Micros; readonly receiveTime: Micros }
  | { readonly stage: 'sink' | 'processor'; readonly partition: number; readonly offset: number }
  /** Headers that we do not write. */
  | { readonly stage: 'unknown'; readonly name: string }

/** Reads a record of a dead-letter topic; never throws. */
export function readLetter({ offset, timestampMs, value, headers = [] }: Incoming): Letter {
  const texts = new Map(headers.map(([name, text]) => [name, text.toString()]))
  return {
    offset,
    timestampMs,
    topic: texts.get('dlq-topic') ?? '',
    error: texts.get('dlq-error') ?? '',
    value: value ?? Buffer.alloc(0),
    from: originOf(texts),
  }
}

function originOf(texts: ReadonlyMap<string, string>): Origin {
  const stage = texts.get('dlq-stage') ?? ''
  const number = (name: string): number => Number(texts.get(name) ?? Number.NaN)
  if (stage === 'producer') {
    const [exchange, session, receiveTime] = [
      texts.get('dlq-exchange'),
      number('dlq-session'),
      number('dlq-receive-time'),
    ]
    if (exchange !== undefined && isMicros(session) && isMicros(receiveTime))
      return { stage, exchange, session, receiveTime }
  }
  if (stage === 'sink' || stage === 'processor') {
    const [partition, offset] = [number('dlq-partition'), number('dlq-offset')]
    if (Number.isSafeInteger(partition) && Number.isSafeInteger(offset)) return { stage, partition, offset }
  }
  return { stage: 'unknown', name: stage }
}

/** Where a letter came from, in a word or two. */
export const sourceOf = ({ from }: Letter): string => {
  switch (from.stage) {
    case 'producer':
      return `${from.exchange} session ${from.session}`
    case 'sink':
    case 'processor':
      return `partition ${from.partition} offset ${from.offset}`
    case 'unknown':
      return from.name
  }
}
