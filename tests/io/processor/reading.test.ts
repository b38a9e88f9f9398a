import { zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openTick } from '../../../io/processor/reading.ts'
import { tick } from '../../support/ticks.ts'

const MIB = 1024 * 1024
const control = (body: Uint8Array) =>
  openTick(tick({ kind: 'control', documentId: 'arbitrage', epoch: 1, hash: 'h', body }, { exchange: '', symbol: '' }))

describe('a control document, opened', () => {
  test('is the JSON that its body unpacks to', () => {
    expect(control(zstdCompressSync('{"openBps":9}'))).toMatchObject({ payload: { document: { openBps: 9 } } })
  })

  test('is a fault where the body is no zstd, or no JSON', () => {
    expect(control(Buffer.from('{}'))).toMatchObject({ fault: expect.stringContaining('control body') })
    expect(control(zstdCompressSync('{'))).toMatchObject({ fault: expect.stringContaining('control body') })
  })

  test('is a fault where some kilobytes would unpack to more than any document has, which is never unpacked', () => {
    const bomb = zstdCompressSync(`"${' '.repeat(64 * MIB)}"`)
    expect(bomb.length).toBeLessThan(0.1 * MIB)
    expect(control(bomb)).toMatchObject({ fault: expect.stringContaining('control body') })
  })
})
