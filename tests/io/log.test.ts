import { describe, expect, test } from 'vitest'
import { withoutSecrets } from '../../io/log.ts'

describe('log', () => {
  test.each([
    ['postgres://user:se:cr@et@127.0.0.1:5433/db', 'postgres://user:***@127.0.0.1:5433/db'],
    ['postgres://user@host/db', 'postgres://user@host/db'],
    ['http://127.0.0.1:8081/apis', 'http://127.0.0.1:8081/apis'],
  ])('masks the password of %s', (address, shown) => expect(withoutSecrets(address)).toBe(shown))
})
