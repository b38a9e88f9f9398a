import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { PipelineError } from '../core/errors.ts'
import { SEVERITIES } from '../core/match.ts'

const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'not a name: a-z, 0-9 and -, at most 40')
/** Those that begin with CROSSTIDE_ are known one by one, and refused if they are not. */
const variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,99}$/, 'not the name of a variable')
  .refine((text) => !text.startsWith('CROSSTIDE_'), 'begins with CROSSTIDE_, which crosstide keeps for itself')
const url = z
  .string()
  .refine((text) => /^https?:\/\/[^@]*$/.test(text) && URL.canParse(text), 'not an https:// address')
const milliseconds = z.int().min(0).max(86_400_000)

/** 15 min: what nobody resolves is over so long after it fired, if nothing else is configured. */
export const PASS_MS = 900_000

const common = {
  name,
  /** FIRED below it is not told. */
  minSeverity: z.enum(SEVERITIES).default('info'),
  /** Messages in a minute; the rest is gathered into a digest. */
  perMinute: z.int().min(1).max(10_000).optional(),
  repeatMs: milliseconds.optional(),
}
/** For development: http:// and addresses of this machine, too. */
const allowLoopback = z.boolean().default(false)
const address = { url: url.optional(), urlEnv: variable.optional(), allowLoopback }
const hasOneAddress = (one: { readonly url?: string | undefined; readonly urlEnv?: string | undefined }): boolean =>
  (one.url === undefined) !== (one.urlEnv === undefined)
const ONE_ADDRESS = 'needs either url or urlEnv'

const target = z
  .strictObject({ ...address, secretEnv: variable, perMinute: common.perMinute })
  .refine(hasOneAddress, ONE_ADDRESS)

const channel = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('log'), ...common }),
  z
    .strictObject({ kind: z.literal('webhook'), ...common, ...address, secretEnv: variable })
    .refine(hasOneAddress, ONE_ADDRESS),
  // Who has the address may write there: it is a secret.
  z.strictObject({ kind: z.literal('slack'), ...common, urlEnv: variable, allowLoopback }),
  z.strictObject({ kind: z.literal('discord'), ...common, urlEnv: variable, allowLoopback }),
  z.strictObject({
    kind: z.literal('telegram'),
    ...common,
    tokenEnv: variable,
    chatId: z.string().regex(/^(-?\d{1,20}|@\w{1,64})$/, 'not a chat: a number, or @channel'),
    apiUrl: url.default('https://api.telegram.org'),
    allowLoopback,
  }),
  z.strictObject({
    kind: z.literal('email'),
    ...common,
    /** smtps://user:password@host:465, or smtp:// with STARTTLS. */
    smtpEnv: variable,
    from: z.email(),
    to: z.array(z.email()).min(1).max(50),
    allowLoopback,
  }),
])

const schema = z
  .strictObject({
    channels: z
      .array(channel)
      .max(50)
      .default(() => [{ kind: 'log' as const, name: 'log', minSeverity: 'info' as const }]),
    /** Webhooks that rules may name as action. */
    targets: z.record(name, target).default({}),
    groupWaitMs: milliseconds.default(1000),
    resolveWaitMs: milliseconds.default(15_000),
    repeatMs: milliseconds.default(4 * 3_600_000),
    passMs: milliseconds.min(1000).default(PASS_MS),
    actionsPerMinute: z.int().min(1).max(1000).default(6),
    /** Where the page is, for links in messages. */
    pageUrl: url.transform((text) => text.replace(/\/+$/, '')).optional(),
    /** Hosts that channels and targets may reach; absent: all public ones. */
    allowedHosts: z.array(z.string().regex(/^[a-z0-9.-]{1,255}$/, 'not a host name')).optional(),
  })
  .refine(({ channels }) => new Set(channels.map((one) => one.name)).size === channels.length, {
    path: ['channels'],
    message: 'two have the same name',
  })
  .readonly()

/** What `alerts` of the configuration file says, defaults filled in; secrets are names of variables still. */
export type AlertsConfig = z.infer<typeof schema>
export type ChannelConfig = AlertsConfig['channels'][number]
export type TargetConfig = AlertsConfig['targets'][string]

type Problem = { readonly field: readonly string[]; readonly message: string }

/** Reads the `alerts` part of a configuration, or tells all that is wrong with it. */
export function readAlerts(
  value: unknown,
): { readonly alerts: AlertsConfig } | { readonly problems: readonly Problem[] } {
  const parsed = schema.safeParse(value)
  if (parsed.success) return { alerts: parsed.data }
  return { problems: parsed.error.issues.map(({ path, message }) => ({ field: path.map(String), message })) }
}

/** A variable of the environment, or the file that its `_FILE` names; `undefined`: neither is set. */
export type Secrets = (variable: string) => string | undefined

/** Reads all variables that a configuration names. Throws BAD_ENVIRONMENT that names each that is missing. */
export async function readSecrets(
  { channels, targets }: Pick<AlertsConfig, 'channels' | 'targets'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const missing: string[] = []
  for (const one of new Set([...channels, ...Object.values(targets)].flatMap(variablesOf))) {
    const value = await secretOf(one, environment)
    if (value === undefined || value === '') missing.push(one)
    else found.set(one, value)
  }
  if (missing.length === 0) return found
  const list = missing.map((one) => `  ${one}: not set, nor ${one}_FILE; the configuration of alerts names it`)
  throw new PipelineError('BAD_ENVIRONMENT', ['the environment has problems:', ...list].join('\n'))
}

const variablesOf = (one: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(one).flatMap(([field, value]) => (field.endsWith('Env') && typeof value === 'string' ? [value] : []))

async function secretOf(
  variableName: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const { [variableName]: value, [`${variableName}_FILE`]: file } = environment
  if (value !== undefined && value !== '') return value
  if (file === undefined || file === '') return undefined
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new PipelineError('BAD_ENVIRONMENT', `cannot read the file that ${variableName}_FILE names`, { cause })
  })
  return text.trim()
}
