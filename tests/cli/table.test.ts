import { describe, expect, test } from 'vitest'
import { formatTable } from '../../cli/table.ts'

describe('table', () => {
  test('aligns words to the left and numbers to the right', () => {
    expect(
      formatTable(
        ['symbol', 'price'],
        [
          ['BTC-USD', '91234.5'],
          ['X-Y', 7],
        ],
      ),
    ).toBe(['symbol     price', '-------  -------', 'BTC-USD  91234.5', 'X-Y            7'].join('\n'))
  })

  test('prints absent values as nothing and documents as JSON on one line', () => {
    expect(formatTable(['a', 'b'], [[null, { x: 'y\nz' }]]).split('\n')[2]).toBe('   {"x":"y\\nz"}')
  })

  test('prints only the head where there are no rows', () => expect(formatTable(['a'], [])).toBe('a\n-'))
})
