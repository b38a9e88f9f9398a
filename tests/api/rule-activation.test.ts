import { describe, expect, test } from 'vitest'
import type { RuleFinding, RuleFindings, RuleRow } from '../../api/queries/rules.ts'
import { activationOf } from '../../api/rule-activation.ts'

const at = (second: number): string => `2026-11-21T10:00:${String(second).padStart(2, '0')}.000000Z`

const row = (rest: Partial<RuleRow> = {}): RuleRow => ({
  id: 'spike',
  version: 2,
  hash: '',
  author: '',
  createdAt: at(0),
  document: {},
  activeVersion: 2,
  previousVersion: 1,
  shadowVersion: undefined,
  epoch: 7,
  publishedAt: at(10),
  activeEpoch: 7,
  activePublishedAt: at(10),
  activeDocument: {},
  scope: 'asset',
  silentAt: undefined,
  ...rest,
})
const told = (version: number, second: number, partition = 0, finding = 'RULE_ACTIVE'): RuleFinding => ({
  id: 'spike',
  version: String(version),
  finding,
  at: at(second),
  partition: `market partition ${partition}`,
})
const sets = (...epochs: readonly number[]) =>
  epochs.map((epoch, partition) => ({ partition: `market partition ${partition}`, epoch }))

function stateOf(one: RuleRow, findings: Partial<RuleFindings> = {}): readonly unknown[] {
  const { state, inForceSince, listeningUntil } = activationOf(
    one,
    { rules: [], sets: [], ...findings },
    () => 5_000_000,
  )
  return [state, inForceSince ?? listeningUntil].filter((fact) => fact !== undefined)
}

describe('a rule', () => {
  test('that nobody wants is inactive, whatever was told of it', () => {
    expect(stateOf(row({ activeVersion: undefined }), { rules: [told(2, 12)] })).toEqual(['inactive'])
  })

  test('waits for the publisher, then for the processors', () => {
    expect(stateOf(row({ activePublishedAt: undefined }))).toEqual(['waiting'])
    expect(stateOf(row(), { sets: sets(6, 6) })).toEqual(['published'])
  })

  test('is in force since it was published at the earliest, though the clock of the log lies behind', () => {
    const rules = [told(2, 9)]
    expect(stateOf(row(), { sets: sets(7), rules })).toEqual(['in_force', at(10)])
    expect(stateOf(row({ activePublishedAt: undefined }), { sets: sets(7), rules })).toEqual(['in_force', at(9)])
  })

  test('listens for its warm-up while a partition that has the set has not told that it speaks', () => {
    expect(stateOf(row(), { sets: sets(7, 6) })).toEqual(['listening', at(15)])
    expect(stateOf(row(), { sets: sets(7, 7), rules: [told(2, 15)] })).toEqual(['listening', at(15)])
    expect(stateOf(row(), { sets: sets(7), rules: [told(1, 3)] })).toEqual(['listening', at(15)])
  })

  test('is in force since the last partition in which it speaks', () => {
    const rules = [told(2, 15, 0), told(2, 16, 1)]
    expect(stateOf(row(), { sets: sets(7, 8), rules })).toEqual(['in_force', at(16)])
  })

  test('that was silenced meanwhile listens anew', () => {
    expect(stateOf(row({ silentAt: at(16) }), { sets: sets(7), rules: [told(2, 15)] })).toEqual(['listening', at(15)])
  })

  test('that was not silenced speaks on through a change that was taken back', () => {
    expect(
      stateOf(row({ activePublishedAt: undefined, activeEpoch: 9 }), { sets: sets(7), rules: [told(2, 5)] }),
    ).toEqual(['in_force', at(5)])
  })

  test('that held too much is halted until it speaks again', () => {
    const halted = told(2, 20, 1, 'RULE_HALTED')
    expect(stateOf(row(), { sets: sets(7, 7), rules: [told(2, 15), told(2, 15, 1), halted] })).toEqual(['halted'])
    const rules = [told(2, 15), told(2, 21, 1), halted]
    expect(stateOf(row(), { sets: sets(7, 7), rules })).toEqual(['in_force', at(21)])
  })

  test('of another scope does not wait for the processor of assets', () => {
    expect(stateOf(row({ scope: 'pair' }), { sets: sets(7) })).toEqual(['published'])
  })
})
