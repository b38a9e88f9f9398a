import { expect, test } from 'vitest'
import { takeControl, type ControlSet } from '../../core/control-set.ts'

test('puts a higher epoch in force, ignores a lower one and a repeat, and calls other content of the same epoch a conflict', () => {
  const inForce: ControlSet = new Map()
  const take = (epoch: number, hash: string, documentId = 'arbitrage'): string =>
    takeControl(inForce, { documentId, epoch, hash })
  expect([
    take(4, 'a'),
    take(4, 'a'),
    take(3, 'z'),
    take(4, 'b'),
    take(7, 'b'),
    take(4, 'a'),
    take(1, 'r', 'rules'),
  ]).toEqual(['new', 'repeat', 'old', 'conflict', 'new', 'old', 'new'])
  expect(inForce.get('arbitrage')).toEqual({ epoch: 7, hash: 'b' })
})
