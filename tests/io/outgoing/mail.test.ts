import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { openMailer, type Mail } from '../../../io/outgoing/mail.ts'

const MAIL: Mail = { from: 'a@example.org', to: ['b@example.org'], subject: 'S', text: 'the text', id: 'one' }
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A mail server that says what it is told at each step and ends a connection where it is told nothing. */
async function server(says: Readonly<Record<string, string>>) {
  const texts: string[] = []
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const listening = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    const say = (step: string): void => {
      const line = says[step]
      if (line === undefined) socket.destroy()
      else if (line !== '') socket.write(`${line}\r\n`)
    }
    let received = ''
    let isText = false
    say('greeting')
    socket.on('data', (chunk) => {
      received += chunk.toString()
      for (;;) {
        const end = isText ? received.indexOf('\r\n.\r\n') : received.indexOf('\r\n')
        if (end < 0) return
        const part = received.slice(0, end)
        received = received.slice(end + (isText ? 5 : 2))
        if (isText) {
          texts.push(part)
          isText = false
          say('text')
        } else {
          const step = part.split(/[ :]/)[0]?.toUpperCase() ?? ''
          commands.push(step)
          isText = step === 'DATA' && (says['DATA'] ?? '').startsWith('354')
          say(step)
        }
      }
    })
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const address = listening.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const mailer = openMailer(`smtp://127.0.0.1:${port}`, true)
  ends.push(() => {
    mailer.close()
    for (const socket of sockets) socket.destroy()
    listening.close()
  })
  return { mailer, port, texts, commands }
}
const WELL = {
  greeting: '220 hi',
  EHLO: '250 hi',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go',
  text: '250 ok',
  QUIT: '221',
}
const without = (step: keyof typeof WELL, instead?: string): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(WELL).filter(([name]) => name !== step)),
  ...(instead === undefined ? {} : { [step]: instead }),
})

describe('a mail', () => {
  test('that is taken was sent', async () => {
    const { mailer, texts } = await server(WELL)
    expect(await mailer.send(MAIL)).toEqual({ kind: 'sent' })
    expect(texts[0]).toContain('the text')
    expect(texts[0]).toContain('Message-ID: <one@crosstide>')
  })

  test('whose connection breaks off after the text may have been taken, and is not sent again by itself', async () => {
    const { mailer, texts } = await server(without('text'))
    expect(await mailer.send(MAIL)).toMatchObject({ kind: 'unknown' })
    // Longer than its library waits before it tries again.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(texts.length).toBe(1)
  })

  test.each([
    ['the sender for now', 'MAIL', '451 later', 'failed'],
    ['the sender for good', 'MAIL', '550 no', 'refused'],
    ['all recipients for now', 'RCPT', '450 busy', 'failed'],
    ['all recipients for good', 'RCPT', '550 nobody', 'refused'],
    ['the text for now', 'text', '452 full', 'failed'],
    ['the text for good', 'text', '554 spam', 'refused'],
    ['everybody for now', 'greeting', '421 closed', 'failed'],
  ] as const)('where the server refuses %s', async (_, step, line, kind) => {
    const { mailer } = await server(without(step, line))
    expect(await mailer.send(MAIL)).toMatchObject({ kind })
  })

  test('to a server that is not there was not sent', async () => {
    const gone = openMailer('smtp://127.0.0.1:1', true)
    ends.push(() => gone.close())
    expect(await gone.send(MAIL)).toEqual({ kind: 'failed', reason: 'ECONNREFUSED CONN' })
  })

  test('is not sent, nor a password, to a server without encryption where that is not allowed', async () => {
    const { port, texts, commands } = await server({ ...WELL, STARTTLS: '502 what', AUTH: '235 ok' })
    const strict = openMailer(`smtp://user:password@127.0.0.1:${port}`, false)
    ends.push(() => strict.close())
    expect(await strict.send(MAIL)).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/^ETLS STARTTLS/) })
    expect({ texts, commands }).toEqual({ texts: [], commands: ['EHLO', 'STARTTLS'] })
  })
})
