import { PipelineError } from '../../core/errors.ts'
import { parseConfig, type Config } from '../../io/config.ts'
import { changeConfiguration } from '../../io/configuration-change.ts'
import { messageOf } from '../database.ts'
import { orStopped, type Delivery } from './delivery.ts'
import type { Item } from './item.ts'
import { withExchange, withoutExchange, type Refusal } from './pause.ts'

export type CommandDeps = Parameters<typeof changeConfiguration>[0] & {
  /** As the file has it: what a paused exchange comes back as. */
  readonly file: Config
}

/**
 * Does a rule's command by the configuration document, which producers follow: `pause-exchange` and `resume-exchange` with the
 * argument `exchange`. Doing one again changes nothing. Never rejects.
 */
export const commands =
  (deps: CommandDeps) =>
  (items: readonly Item[], signal: AbortSignal): Promise<Delivery> =>
    orStopped(signal, doneFor(deps, items))

async function doneFor(deps: CommandDeps, items: readonly Item[]): Promise<Delivery> {
  const [item] = items
  const action = item?.action
  if (item === undefined || action === undefined) return refused('no action')
  if (action.kind === 'webhook') return refused(noTarget(action.target))
  const change = changeOf(deps, action.command, action.arguments)
  if ('refusal' in change) return refused(change.refusal)
  try {
    await changeConfiguration(deps, `rule ${item.ruleId ?? ''}, alert ${item.alertId}`, change.of)
    return { kind: 'sent' }
  } catch (error) {
    if (error instanceof NotNow) return refused(error.message)
    const isHopeless = error instanceof PipelineError && !error.retriable && error.code !== 'KAFKA_UNAVAILABLE'
    return isHopeless ? refused(error.message) : { kind: 'failed', reason: messageOf(error) }
  }
}

type Change = { readonly of: (config: Config) => Config } | Refusal

function changeOf({ file }: CommandDeps, command: string, told: Readonly<Record<string, unknown>>): Change {
  if (command !== 'pause-exchange' && command !== 'resume-exchange')
    return { refusal: `no command ${command}; there are pause-exchange and resume-exchange` }
  const { exchange } = told
  if (typeof exchange !== 'string' || exchange === '') return { refusal: `${command} names no exchange` }
  return {
    of(config) {
      const next =
        command === 'pause-exchange' ? withoutExchange(config, exchange) : withExchange(config, file, exchange)
      if ('refusal' in next) throw new NotNow(next.refusal)
      return next === config ? config : parseConfig(next, `what ${command} makes of the configuration`)
    },
  }
}

const refused = (reason: string): Delivery => ({ kind: 'refused', reason })
export const noTarget = (name: string): string => `no target ${name} in the configuration of alerts`

class NotNow extends Error {}
