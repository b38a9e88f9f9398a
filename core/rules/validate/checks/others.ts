import { canonicalJson } from '../../../canonical-json.ts'
import { pointerTo, type Diagnostic } from '../../diagnostic.ts'
import type { Rule } from '../../document.ts'
import { orderOf } from '../../order.ts'
import { canonicalRule } from '../../read/rule-set.ts'
import { wrong } from '../../read/shape.ts'
import type { World } from '../world.ts'

/** E207: rules that read each other's matches could never be put in an order. */
export function checkCycle(rule: Rule, others: readonly Rule[]): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const order = orderOf([rule, ...others.filter(({ id }) => id !== rule.id)])
  if ('cycle' in order && order.cycle.includes(rule.id)) {
    const [only] = order.cycle
    wrong(
      diagnostics,
      '/on',
      order.cycle.length === 1
        ? `The rule "${only}" reads its own matches; let it ask for others, such as type == 'PRICE_SPIKE'.`
        : `These rules read each other's matches: ${[...order.cycle, only].join(' → ')}. Let one of them ask for others, by type or ruleId.`,
      'E207',
    )
  }
  return diagnostics
}

/** E208: an (id, version) never changes, versions go up, and `keep` needs the same state. */
export function checkVersion(
  rule: Rule,
  { versions, active }: Pick<World, 'versions' | 'active'>,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const known = (versions ?? []).filter(({ id }) => id === rule.id)
  const same = known.find(({ version }) => version === rule.version)
  const newest = Math.max(0, ...known.map(({ version }) => version))
  if (same !== undefined && canonicalRule(same) !== canonicalRule(rule))
    wrong(
      diagnostics,
      '/version',
      `Version ${rule.version} of "${rule.id}" says something else already and never changes; make this version ${newest + 1}.`,
      'E208',
    )
  if (same === undefined && rule.version < newest)
    wrong(
      diagnostics,
      '/version',
      `Version ${rule.version} of "${rule.id}" would come after version ${newest}; make it ${newest + 1}.`,
      'E208',
    )
  if (rule.onUpdate === 'keep' && active !== undefined && active.id === rule.id && active.version !== rule.version) {
    const changed = STATE.filter((name) => canonicalJson(active[name] ?? null) !== canonicalJson(rule[name] ?? null))
    for (const name of changed)
      wrong(
        diagnostics,
        '/onUpdate',
        `"keep" goes on with what version ${active.version} knows, but "${name}" differs from it; take "warm".`,
        'E208',
      )
  }
  return diagnostics
}

/** What keys, windows and partials depend on. */
const STATE = ['scope', 'on', 'where', 'by', 'let', 'when', 'pattern'] as const

/** E201: webhooks and commands that there are not, arguments that a command does not take or lacks; as far as the world says. */
export function checkAction(
  { emit }: Rule,
  { webhooks, commands }: Pick<World, 'webhooks' | 'commands'>,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const { action } = emit
  if (action === undefined) return diagnostics
  const [kind, name, known] =
    'webhook' in action
      ? ['webhook', action.webhook, webhooks]
      : ['command', action.command, commands && [...commands.keys()]]
  if (known !== undefined && !known.includes(name))
    wrong(
      diagnostics,
      pointerTo('/emit/action', kind),
      `There is no ${kind} "${name}"${kind === 'webhook' ? ' in the configuration' : ''}${known.length === 0 ? '' : `; there are ${known.join(', ')}`}.`,
    )
  const takes = 'command' in action ? commands?.get(action.command) : undefined
  const given = 'command' in action ? Object.keys(action.arguments ?? {}) : []
  const at = pointerTo('/emit/action')
  for (const one of (takes ?? []).filter((each) => !given.includes(each)))
    wrong(diagnostics, at, `"${name}" needs the argument "${one}", such as "arguments": {"${one}": "${one}"}.`)
  if (takes !== undefined)
    for (const one of given.filter((each) => !takes.includes(each)))
      wrong(diagnostics, pointerTo(at, 'arguments', one), `"${name}" takes no "${one}", but ${takes.join(', ')}.`)
  return diagnostics
}
