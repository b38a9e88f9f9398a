import { createHmac, timingSafeEqual } from 'node:crypto'

export const SIGNATURE_HEADER = 'X-Crosstide-Signature'

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY` by the secret that both sides have. */
export const signatureOf = (secret: string, seconds: number, body: string): string =>
  `t=${seconds},v1=${macOf(secret, seconds, body)}`

/** What a receiver does: the signature is ours, and not older (or younger) than five minutes. */
export function isSignedBy(secret: string, header: string, body: string, nowSeconds: number, within = 300): boolean {
  const [, time = '', given = ''] = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/.exec(header) ?? []
  const seconds = Number(time)
  if (given === '' || Math.abs(nowSeconds - seconds) > within) return false
  return timingSafeEqual(Buffer.from(given), Buffer.from(macOf(secret, seconds, body)))
}

const macOf = (secret: string, seconds: number, body: string): string =>
  createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
