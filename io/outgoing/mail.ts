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

function mailedOf(error: unknown): Mailed {
  const { code = '', command = '', responseCode, response = '' } = factsOf(error)
  const reason = [code, command, response].filter((part) => part !== '').join(' ') || 'failed'
  // A wrong password may be mended; a mail that is not taken will never be.
  if (responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH') return { kind: 'refused', reason }
  if (responseCode !== undefined) return { kind: 'failed', reason }
  const isBefore =
    ['CONN', 'EHLO', 'HELO', 'STARTTLS', 'MAIL FROM', 'RCPT TO'].includes(command) || command.startsWith('AUTH')
  return { kind: isBefore || /^(EDNS|EAUTH|ECONNECTION|ECONNREFUSED|ETLS)$/.test(code) ? 'failed' : 'unknown', reason }
}

type Facts = {
  readonly code?: string
  readonly command?: string
  readonly response?: string
  readonly responseCode?: number
}

function factsOf(error: unknown): Facts {
  if (typeof error !== 'object' || error === null) return {}
  return {
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...('command' in error && typeof error.command === 'string' ? { command: error.command } : {}),
    ...('response' in error && typeof error.response === 'string' ? { response: error.response } : {}),
    ...('responseCode' in error && typeof error.responseCode === 'number' ? { responseCode: error.responseCode } : {}),
  }
}
