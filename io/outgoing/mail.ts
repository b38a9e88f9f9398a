import nodemailer from 'nodemailer'

/** Milliseconds. */
const CONNECT_MS = 5000
const SILENT_MS = 10_000

export type Mail = {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  /** Names the mail, so that a repeat of it is known to be one. */
  readonly id: string
}

/** `refused`: for good. `unknown`: the text was sent and not answered. */
export type Mailed =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed' | 'unknown' | 'refused'; readonly reason: string }

export type Mailer = {
  /** Never rejects. */
  send(mail: Mail): Promise<Mailed>
  close(): void
}

/**
 * A mail server, one pool of connections. `url`: `smtps://user:password@host:465`, or `smtp://…`, which must then offer
 * STARTTLS unless `allowPlain` (a server of this machine).
 */
export function openMailer(url: string, allowPlain: boolean): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url)
  const isSecure = protocol === 'smtps:'
  const transport = nodemailer.createTransport({
    pool: true,
    maxConnections: 1,
    // By itself it would try again a mail whose connection ended: what is tried is on record with us, or nobody knows.
    maxRequeues: 0,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 465 : 587) : Number(port),
    secure: isSecure,
    requireTLS: !isSecure && !allowPlain,
    ignoreTLS: allowPlain,
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS,
    dnsTimeout: CONNECT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ from, to, subject, text, id }) {
      try {
        const messageId = `<${id}@crosstide>`
        // Auto-Submitted keeps away the answers of those who are on holiday.
        const headers = { 'Auto-Submitted': 'auto-generated' }
        await transport.sendMail({ from, to: [...to], subject, text, messageId, headers })
        return { kind: 'sent' }
      } catch (error) {
        return mailedOf(error)
      }
    },
    close: () => transport.close(),
  }
}

/** What fails before a mail is begun, or as the other side's word; nodemailer says CONN of whatever breaks off, its text sent or not. */
const BEFORE = /^(EDNS|EAUTH|ENOAUTH|ETLS|EREQUIRETLS|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND)$/

function mailedOf(error: unknown): Mailed {
  const { code = '', originalCode = '', command = '', response = '', responseCode } = factsOf(error)
  const reason = [originalCode === '' ? code : originalCode, command, response].filter((part) => part !== '').join(' ')
  // A mail that is not taken will never be; a wrong password, a missing certificate and the like may be mended.
  if (responseCode !== undefined && responseCode >= 500 && /^(EENVELOPE|EMESSAGE)$/.test(code))
    return { kind: 'refused', reason }
  const isBefore = responseCode !== undefined || BEFORE.test(code) || BEFORE.test(originalCode)
  return { kind: isBefore ? 'failed' : 'unknown', reason: reason === '' ? 'failed' : reason }
}

type Facts = {
  readonly code?: string
  readonly originalCode?: string
  readonly command?: string
  readonly response?: string
  readonly responseCode?: number
}

function factsOf(error: unknown): Facts {
  if (typeof error !== 'object' || error === null) return {}
  return {
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...('originalCode' in error && typeof error.originalCode === 'string' ? { originalCode: error.originalCode } : {}),
    ...('command' in error && typeof error.command === 'string' ? { command: error.command } : {}),
    ...('response' in error && typeof error.response === 'string' ? { response: error.response } : {}),
    ...('responseCode' in error && typeof error.responseCode === 'number' ? { responseCode: error.responseCode } : {}),
  }
}
