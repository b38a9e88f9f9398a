import { expect, test } from 'vitest'
import { MEAN, N, slidingMoments, SQUARES } from '../../../../core/rules/aggregate/sliding-moments.ts'
import { panes } from '../../../../core/panes.ts'
import { micros } from '../../../../core/time.ts'
import { SUM } from '../../../../core/windows/aggregate.ts'
import { MOMENTS } from '../../../../core/windows/moments.ts'
import { seeded } from '../../../support/seeded.ts'
import { frameOf, NAMES } from './feed.ts'

const LENGTH = 10_000_000
const close = NAMES['a']

/** Steps within a pane and beyond the window; read or not. */
test.each(['moments', 'plain sums'])('%s have the bits of core/panes.ts, which is written apart', (kind) => {
  const read = close?.type === 'number' ? close.read : () => Number.NaN
  const fast = slidingMoments(read, LENGTH, kind === 'plain sums')
  const moments = panes(MOMENTS, LENGTH)
  const sums = panes(SUM, LENGTH)
  const state = fast.initial()
  const momentsState = moments.initial()
  const sumsState = sums.initial()
  const random = seeded(5)
  let at = 1_795_132_800_000_000
  let different = 0
  for (let i = 0; i < 20_000; i++) {
    at += random(200) === 0 ? random(12_000_000) : random(20_000)
    const now = micros(at)
    const a = (random(2_000_001) - 1_000_000) / 128
    const frame = frameOf({ at, a, b: 0, text: '', open: 0 }, i)
    fast.add(state, frame)
    moments.add(momentsState, now, a)
    sums.add(sumsState, now, a)
    if (random(3) === 0) continue
    for (const lag of [0, 1] as const) {
      const got = fast.look(state, frame, lag)
      const { n, mean, squares } = moments.value(momentsState, now, lag)
      const { sum } = sums.value(sumsState, now, lag)
      const wanted = kind === 'moments' ? [n, mean, squares] : [n, sum, 0]
      if (wanted.some((one, place) => !Object.is(one, [got[N], got[MEAN], got[SQUARES]][place]))) different++
    }
  }
  expect(different).toBe(0)
})
