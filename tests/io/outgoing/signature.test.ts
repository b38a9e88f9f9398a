import { describe, expect, test } from 'vitest'
import { isSignedBy, signatureOf } from '../../../io/outgoing/signature.ts'

describe('a signature', () => {
  test('is the HMAC of time and body, as openssl makes it', () => {
    // printf '1795285782.{"a":1}' | openssl dgst -sha256 -hmac secret
    expect(signatureOf('secret', 1_795_285_782, '{"a":1}')).toBe(
      't=1795285782,v1=d9c8a67ea31e20410e6910139a45ef89def99d65aee5c96028bddfb997c70eb3',
    )
  })

  test('holds for its secret, body and time only, and for five minutes', () => {
    const header = signatureOf('secret', 1000, 'body')
    expect(isSignedBy('secret', header, 'body', 1300)).toBe(true)
    expect(isSignedBy('secret', header, 'body', 1301)).toBe(false)
    expect(isSignedBy('secret', header, 'body', 699)).toBe(false)
    expect(isSignedBy('other', header, 'body', 1000)).toBe(false)
    expect(isSignedBy('secret', header, 'bodY', 1000)).toBe(false)
    expect(isSignedBy('secret', header.replace('t=1000', 't=1001'), 'body', 1001)).toBe(false)
    expect(isSignedBy('secret', 't=1000,v1=', 'body', 1000)).toBe(false)
  })
})
