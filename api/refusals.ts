import { MICROS_PER_MINUTE, type Micros } from '../core/time.ts'

/** Why somebody was not let in. */
export type RefusalReason = 'no_key' | 'wrong_key' | 'read_only_key'

/** What goes on record: who was refused for what since the record before, and where it was first tried. */
export type RefusalRecord = {
  readonly address: string
  readonly reason: RefusalReason
  readonly path: string
  readonly count: number
}

/** Refused authentications on record; nothing of what was shown as a key is kept. */
export type Refusals = {
  refused(address: string, reason: RefusalReason, path: string, now: Micros): void
  /** Puts what was only counted on record; call it now and then, and at the end. */
  flush(now: Micros): void
}

/** Beyond so many addresses at once the rest are counted together: a flood from everywhere must not fill memory or the log. */
const MAX_ADDRESSES = 1000
const MAX_PATH = 100

/**
 * The first refusal of an address and reason is put on record at once; those that follow within a minute are counted and
 * stand in one record, so that whoever guesses keys by the thousand leaves a trail as long as his stay.
 */
export function createRefusals(record: (refusal: RefusalRecord) => void): Refusals {
  const counted = new Map<string, Counted>()
  return {
    refused(address, reason, path, now) {
      const isCrowd = counted.size >= MAX_ADDRESSES && !counted.has(`${address} ${reason}`)
      const from = isCrowd ? 'many' : address
      const key = `${from} ${reason}`
      const known = counted.get(key)
      if (known !== undefined) {
        known.count += 1
        return
      }
      const shown = path.slice(0, MAX_PATH)
      counted.set(key, { address: from, reason, path: shown, count: 0, since: now })
      record({ address: from, reason, path: shown, count: 1 })
    },
    flush(now) {
      for (const [key, { since, ...refusal }] of counted) {
        if (now - since < MICROS_PER_MINUTE) continue
        counted.delete(key)
        if (refusal.count > 0) record(refusal)
      }
    },
  }
}

type Counted = { -readonly [K in keyof RefusalRecord]: RefusalRecord[K] } & { readonly since: Micros }
