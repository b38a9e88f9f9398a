import { expect, test } from 'vitest'
import { documentChanges } from '../../cli/document-changes.ts'

const BEFORE = {
  openBps: 8,
  exchanges: { kraken: { takerFeeBps: 40, symbols: {} }, gate: { takerFeeBps: 20 } },
  delaysMs: [50, 100],
}

test('names each field that differs, and how', () => {
  const after = {
    openBps: 12,
    exchanges: { kraken: { takerFeeBps: 40, symbols: { 'BTC-USD': { lot: 0.01 } } }, okx: { takerFeeBps: 10 } },
    delaysMs: [50, 200],
  }
  expect(documentChanges(BEFORE, after)).toEqual([
    '~ delaysMs [50,100] → [50,200]',
    '- exchanges.gate.takerFeeBps 20',
    '- exchanges.kraken.symbols {}',
    '+ exchanges.kraken.symbols.BTC-USD.lot 0.01',
    '+ exchanges.okx.takerFeeBps 10',
    '~ openBps 8 → 12',
  ])
})

test('says nothing of the same document, in whatever order its names are', () => {
  expect(documentChanges(BEFORE, Object.fromEntries(Object.entries(BEFORE).toReversed()))).toEqual([])
})

test('of the first document names all it says', () => {
  expect(documentChanges(undefined, { openBps: 8 })).toEqual(['+ openBps 8'])
})
