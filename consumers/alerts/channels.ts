import { PipelineError } from '../../core/errors.ts'
import type { AlertsConfig, ChannelConfig, TargetConfig } from '../../io/alerts-config.ts'
import type { Log } from '../../io/log.ts'
import { openMailer } from '../../io/outgoing/mail.ts'
import { post, type Guard, type Resolve } from '../../io/outgoing/post.ts'
import { redactor } from '../../io/outgoing/redact.ts'
import { SIGNATURE_HEADER, signatureOf } from '../../io/outgoing/signature.ts'
import type { Pace } from './decide.ts'
import { deliveryOf, orStopped, type Delivery } from './delivery.ts'
import { webhookBody, type Item } from './item.ts'
import { cut, headline, textOf } from './text.ts'

export type Channel = {
  readonly name: string
  readonly pace: Pace
  /** Never rejects; its reasons hold no secret. */
  deliver(items: readonly Item[], signal: AbortSignal): Promise<Delivery>
  close(): void
}

export type ChannelDeps = {
  readonly config: AlertsConfig
  /** Values of the variables that the configuration names. */
  readonly secrets: ReadonlyMap<string, string>
  readonly log: Log
  readonly nowMs: () => number
  readonly resolve?: Resolve
}

type Kind = ChannelConfig['kind']
type Of<K extends Kind> = Extract<ChannelConfig, { readonly kind: K }>
type Deliver = Pick<Channel, 'deliver' | 'close'>

/** Messages in a minute, and alerts in one: what the services bear, and what fits into their messages. */
const LIMITS: Readonly<Record<Kind, Pick<Pace, 'perMinute' | 'most'>>> = {
  log: { perMinute: 10_000, most: 100 },
  webhook: { perMinute: 60, most: 100 },
  slack: { perMinute: 30, most: 20 },
  discord: { perMinute: 25, most: 2 },
  telegram: { perMinute: 18, most: 4 },
  email: { perMinute: 10, most: 100 },
}
const LONGEST_REASON = 200
const DISCORD_CHARACTERS = 2000
const TELEGRAM_CHARACTERS = 4096
const SLACK_CHARACTERS = 30_000

/** The channels of a configuration, in its order. Throws BAD_ENVIRONMENT where an address is none. */
export const openChannels = (deps: ChannelDeps): readonly Channel[] =>
  deps.config.channels.map((one) => ({
    name: one.name,
    pace: paceOf(deps.config, one),
    ...safely(deps, delivererOf(deps, one)),
  }))

/** The webhooks that rules may name, each as a channel. */
export const openTargets = (deps: ChannelDeps): readonly Channel[] =>
  Object.entries(deps.config.targets).map(([name, target]) => ({
    name,
    pace: { ...paceOf(deps.config, { minSeverity: 'info', kind: 'webhook', perMinute: target.perMinute }), most: 1 },
    ...safely(deps, webhook(deps, target)),
  }))

const paceOf = (
  { groupWaitMs, resolveWaitMs, repeatMs, passMs }: AlertsConfig,
  one: Pick<ChannelConfig, 'kind' | 'minSeverity' | 'perMinute' | 'repeatMs'>,
): Pace => ({
  groupWaitMs,
  resolveWaitMs,
  repeatMs: one.repeatMs ?? repeatMs,
  passMs,
  minSeverity: one.minSeverity,
  perMinute: one.perMinute ?? LIMITS[one.kind].perMinute,
  most: LIMITS[one.kind].most,
})

function delivererOf(deps: ChannelDeps, one: ChannelConfig): Deliver {
  switch (one.kind) {
    case 'log':
      return logLines(deps)
    case 'webhook':
      return webhook(deps, one)
    case 'slack':
      return slack(deps, one)
    case 'discord':
      return discord(deps, one)
    case 'telegram':
      return telegram(deps, one)
    case 'email':
      return email(deps, one)
  }
}

/** What the other side says may repeat what it was sent. Cut after that: half a secret is not known for one. */
function safely({ secrets }: ChannelDeps, { deliver, close }: Deliver): Deliver {
  const redact = redactor(secrets.values())
  return {
    async deliver(items, signal) {
      const delivery = await deliver(items, signal)
      return delivery.kind === 'sent' ? delivery : { ...delivery, reason: cut(redact(delivery.reason), LONGEST_REASON) }
    },
    close,
  }
}

function logLines({ log }: ChannelDeps): Deliver {
  return {
    deliver(items) {
      for (const { alertId, phase, severity, type, title, feed, exchange, symbol, fields, atMicros } of items)
        log.info({ alertId, phase, severity, type, title, feed, exchange, symbol, fields, atMicros }, 'alert_told')
      return Promise.resolve({ kind: 'sent' })
    },
    close: () => undefined,
  }
}

function webhook(deps: ChannelDeps, one: Of<'webhook'> | TargetConfig): Deliver {
  const url = one.url ?? addressOf(deps, one.urlEnv ?? '')
  const secret = secretOf(deps, one.secretEnv)
  return posting(deps, one.allowLoopback, (items) => {
    const body = JSON.stringify(webhookBody(items, messageOf(deps, items)))
    return { url, body, headers: { [SIGNATURE_HEADER]: signatureOf(secret, Math.floor(deps.nowMs() / 1000), body) } }
  })
}

function slack(deps: ChannelDeps, { urlEnv, allowLoopback }: Of<'slack'>): Deliver {
  const url = addressOf(deps, urlEnv)
  return posting(deps, allowLoopback, (items) => {
    // Its own marks; and nobody is called by a name that a title brings along.
    const text = fit(messageOf(deps, items), SLACK_CHARACTERS)
    const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    return { url, body: JSON.stringify({ text: escaped, mrkdwn: false, unfurl_links: false }) }
  })
}

function discord(deps: ChannelDeps, { urlEnv, allowLoopback }: Of<'discord'>): Deliver {
  const url = addressOf(deps, urlEnv)
  return posting(deps, allowLoopback, (items) => {
    const content = fit(messageOf(deps, items), DISCORD_CHARACTERS)
    return { url, body: JSON.stringify({ content, allowed_mentions: { parse: [] } }) }
  })
}

function telegram(deps: ChannelDeps, { tokenEnv, chatId, apiUrl, allowLoopback }: Of<'telegram'>): Deliver {
  const token = secretOf(deps, tokenEnv, /^\d{1,20}:[\w-]{1,100}$/, 'a token of a bot')
  const url = `${apiUrl.replace(/\/+$/, '')}/bot${token}/sendMessage`
  return posting(deps, allowLoopback, (items) => {
    const text = fit(messageOf(deps, items), TELEGRAM_CHARACTERS)
    return { url, body: JSON.stringify({ chat_id: chatId, text, link_preview_options: { is_disabled: true } }) }
  })
}

function email(deps: ChannelDeps, { smtpEnv, from, to, allowLoopback }: Of<'email'>): Deliver {
  const mailer = openMailer(
    secretOf(deps, smtpEnv, /^smtps?:/, 'smtp://… or smtps://…', (text) => URL.canParse(text)),
    allowLoopback,
  )
  return {
    deliver: (items, signal) =>
      orStopped(
        signal,
        mailer.send({
          from,
          to,
          subject: `[crosstide] ${headline(items)}`,
          text: messageOf(deps, items),
          id: (items[0]?.alertId ?? '').replace(/[^\w.-]+/g, '-'),
        }),
      ),
    close: () => mailer.close(),
  }
}

type Posted = { readonly url: string; readonly body: string; readonly headers?: Readonly<Record<string, string>> }

function posting(deps: ChannelDeps, allowLoopback: boolean, make: (items: readonly Item[]) => Posted): Deliver {
  const { config, resolve } = deps
  const guard: Guard = { allowLoopback, hosts: config.allowedHosts, ...(resolve === undefined ? {} : { resolve }) }
  return {
    deliver: async (items, signal) => deliveryOf(await post({ ...make(items), guard, signal })),
    close: () => undefined,
  }
}

const messageOf = ({ config }: ChannelDeps, items: readonly Item[]): string =>
  textOf(
    items,
    config.pageUrl,
    items.some(({ uncertain }) => uncertain > 0),
  )

/** By UTF-16 units, as these services count or more strictly; a text that must be cut keeps its beginning and its last id. */
function fit(text: string, longest: number): string {
  if (text.length <= longest) return text
  const tail = text.slice(-200).toWellFormed()
  return `${text.slice(0, longest - 205).toWellFormed()}\n…\n${tail}`
}

const addressOf = (deps: ChannelDeps, variable: string): string =>
  secretOf(deps, variable, /^https?:/, 'an https:// address', (text) => URL.canParse(text))

/** The value of a variable. Throws BAD_ENVIRONMENT, which names the variable and not what it holds. */
function secretOf(
  { secrets }: ChannelDeps,
  variable: string,
  pattern = /./,
  what = 'set',
  isOne: (text: string) => boolean = () => true,
): string {
  const value = secrets.get(variable) ?? ''
  if (pattern.test(value) && isOne(value)) return value
  throw new PipelineError('BAD_ENVIRONMENT', `${variable} is not ${what}`)
}
