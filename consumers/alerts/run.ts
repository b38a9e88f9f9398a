import type { Announcer } from '../../io/announcer.ts'
import type { AlertsConfig } from '../../io/alerts-config.ts'
import { silencesInForce } from '../../io/alerts.ts'
import type { Log } from '../../io/log.ts'
import type { Metrics } from '../../io/metrics.ts'
import type { Resolve } from '../../io/outgoing/post.ts'
import { openPool } from '../../io/postgres.ts'
import { noTarget } from './commands.ts'
import { openChannels, openTargets, type Channel } from './channels.ts'
import { decideActions } from './decide-actions.ts'
import { decide } from './decide.ts'
import type { Delivery } from './delivery.ts'
import type { Item } from './item.ts'
import { actionsByRule, begunIn, toldOf, type Queue } from './outbox.ts'
import { sender, type Sender, type SenderDeps, type Told } from './sender.ts'

export type AlertsDeps = {
  readonly config: AlertsConfig
  /** Values of the variables that the configuration names. */
  readonly secrets: ReadonlyMap<string, string>
  readonly databaseUrl: string
  readonly announce: Announcer['event']
  readonly metrics: Metrics
  readonly log: Log
  readonly signal: AbortSignal
  /** Does what is no target's: commands. Without it none is done. */
  readonly command?: SenderDeps['deliver']
  readonly failpoint?: (name: string) => void
  readonly resolve?: Resolve
  /** Of a clock that never steps. */
  readonly steadyMs?: () => number
  readonly graceMs?: number
  readonly silentMs?: number
  readonly pollMs?: number
}

export type Alerts = {
  /** Names of the channels: what the sink makes outbox rows for. */
  readonly channels: readonly string[]
  /** Sends until the signal says otherwise; rejects with what it cannot go on with. */
  run(): Promise<void>
  problems(): readonly string[]
}

/** The sending half: a sender per channel and per target of actions, none of which waits for another. */
export function openAlerts(deps: AlertsDeps): Alerts {
  const { config, log, metrics, signal } = deps
  const channelDeps = { ...deps, nowMs: Date.now }
  const channels = openChannels(channelDeps)
  const targets = openTargets(channelDeps)
  const sent = metrics.counter(
    'alerts_sent_total',
    'Alerts by channel or target of an action, and what became of them',
    ['channel', 'result'],
  )
  const note = (one: Told): void => {
    sent.inc(
      { channel: one.queue.others === undefined ? one.queue.channel : '(command)', result: one.result },
      one.items.length,
    )
    for (const event of eventsOf(one)) deps.announce(event)
  }
  const pool = openPool(deps.databaseUrl, 'ingest_rw', log, channels.length + targets.length + 1)
  const start = (queue: Queue, channel: Pick<SenderDeps, 'deliver'>, judge: SenderDeps['decide']): Sender =>
    sender({
      ...deps,
      queue,
      pool,
      told: note,
      renewWaitMs: config.passMs,
      deliver: (items, until) => channel.deliver(items, until),
      decide: judge,
      nowMs: deps.steadyMs ?? (() => performance.now()),
      random: Math.random,
    })

  const messages = (channel: Channel): Sender => {
    const queue: Queue = { kind: 'message', channel: channel.name }
    return start(queue, channel, async (connection, nowMs, waiting) => {
      const keys = [...new Set(waiting.map(({ alertKey }) => alertKey))]
      const silences = await silencesInForce(connection)
      const told = await toldOf(connection, queue, keys)
      return decide(channel.pace, { nowMs, waiting, told, silences, begunMs: await begunIn(connection, queue) })
    })
  }
  const actions = (queue: Queue, target: Pick<SenderDeps, 'deliver'>): Sender =>
    start(queue, target, async (connection, nowMs, waiting) => {
      const begun = await actionsByRule(connection)
      return { drops: [], ...decideActions(config.actionsPerMinute, { nowMs, waiting, begun }) }
    })

  const others = targets.map(({ name }) => name)
  const senders = [
    ...channels.map(messages),
    ...targets.map((target) => actions({ kind: 'action', channel: target.name }, target)),
    actions({ kind: 'action', channel: '', others }, { deliver: deps.command ?? refuse }),
  ]

  return {
    channels: channels.map(({ name }) => name),
    async run() {
      try {
        await Promise.all(senders.map((one) => one.run()))
      } finally {
        for (const one of [...channels, ...targets]) one.close()
        // Nobody waits for a connection that hangs: the senders have ended.
        if (signal.aborted) await pool.end()
      }
    },
    problems: () => senders.flatMap((one) => one.problem() ?? []),
  }
}

/** An action that this pipeline cannot do is not done later either. */
function refuse(items: readonly Item[]): Promise<Delivery> {
  const action = items[0]?.action
  const reason =
    action?.kind === 'webhook' ? noTarget(action.target) : `no command ${action?.command ?? ''} can be done here`
  return Promise.resolve({ kind: 'refused', reason })
}

type Event = Parameters<Announcer['event']>[0]

/** Given-up messages are faults; whatever becomes of an action is on record. */
function eventsOf({ queue, items, result, reason }: Told): readonly Event[] {
  if (result === 'retry') return []
  const because = reason === undefined ? '' : `: ${reason}`
  if (queue.kind === 'action')
    return items.map(({ alertId, ruleId = '', ruleVersion, action }) => {
      const what = action?.kind === 'webhook' ? `webhook ${action.target}` : `command ${action?.command ?? ''}`
      return {
        kind: 'COMMAND',
        message: `action of rule ${ruleId}, ${what}: ${result}${because}`,
        details: {
          audit: 'alert_action',
          alertId,
          by: `rule ${ruleId}@${ruleVersion ?? ''}`,
          action: JSON.stringify(action ?? null),
          result,
          reason: reason ?? '',
        },
      }
    })
  if (result !== 'failed' && result !== 'unknown' && result !== 'refused') return []
  const { channel } = queue
  const alerts = items.map(({ alertId }) => alertId).join(' ')
  const message = `channel ${channel} did not take ${items.length} alert(s), given up${because}`
  return [{ kind: 'FAULT', message, details: { channel, alerts: alerts.slice(0, 2000), result } }]
}
