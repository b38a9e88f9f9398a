import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sessionKey, sift, type TickSieve } from '../../core/sieve.ts'
import { micros } from '../../core/time.ts'
import { arbitraryPayloads, arbitraryTick } from '../support/arbitraries.ts'

const arbitraryItem = fc
  .record({
    tick: arbitraryTick(arbitraryPayloads.heartbeat),
    session: fc.integer({ min: 1, max: 3 }),
    ordinal: fc.nat(20),
  })
  .map(({ tick, session, ordinal }) => ({ tick: { ...tick, session: micros(session), ordinal } }))

/** Feeds the log in batches of the given sizes, adopting what was seen after each. */
function inBatches<Item extends { tick: Parameters<typeof sessionKey>[0] & { ordinal: number } }>(
  log: readonly Item[],
  sizes: readonly number[],
  sieve: (memory: TickSieve, batch: readonly Item[]) => { fresh: readonly Item[]; seen: TickSieve },
): Item[] {
  const fresh: Item[] = []
  let memory: TickSieve = new Map()
  for (let at = 0, turn = 0; at < log.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    const result = sieve(memory, log.slice(at, at + size))
    fresh.push(...result.fresh)
    memory = new Map([...memory, ...result.seen])
    at += size
  }
  return fresh
}

describe('tick sieve', () => {
  test('passes strictly rising ordinals of each session and nothing else', () => {
    fc.assert(
      fc.property(fc.array(arbitraryItem), (log) => {
        const { fresh, repeats } = sift(new Map(), log)
        expect(fresh.length + repeats).toBe(log.length)
        for (const key of new Set(log.map(({ tick }) => sessionKey(tick)))) {
          const ordinals = fresh.filter(({ tick }) => sessionKey(tick) === key).map(({ tick }) => tick.ordinal)
          expect(ordinals).toEqual([...new Set(ordinals)].toSorted((a, b) => a - b))
        }
      }),
    )
  })

  test('does not depend on how the log is cut into batches', () => {
    fc.assert(
      fc.property(fc.array(arbitraryItem), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (log, sizes) => {
        expect(inBatches(log, sizes, sift)).toEqual(sift(new Map(), log).fresh)
      }),
    )
  })

  test('drops a late copy of any earlier part of the log', () => {
    fc.assert(
      fc.property(fc.array(arbitraryItem, { minLength: 1 }), fc.nat(), fc.nat(), (log, a, b) => {
        const [from, to] = [a % log.length, b % log.length].toSorted((x, y) => x - y)
        const copied = [...log, ...log.slice(from, to)]
        expect(sift(new Map(), copied).fresh).toEqual(sift(new Map(), log).fresh)
      }),
    )
  })

  test('leaves its memory as it was', () => {
    const memory = new Map([['kraken/1', 5]])
    fc.assert(
      fc.property(fc.array(arbitraryItem), (log) => {
        sift(memory, log)
        expect([...memory]).toEqual([['kraken/1', 5]])
      }),
    )
  })
})
