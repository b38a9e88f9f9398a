import { listOf, numberOf, recordOf, textOf, timeOf } from './fields.ts'

export type Activation = {
  readonly state: string
  readonly activeVersion: number | undefined
  readonly previousVersion: number | undefined
  readonly shadowVersion: number | undefined
  readonly inForceSinceMs: number
  readonly listeningUntilMs: number
}

/** A rule as the server sends it; its newest document as it was written. */
export type Rule = {
  readonly id: string
  readonly version: number
  readonly name: string
  readonly severity: string
  readonly hash: string
  readonly author: string
  readonly createdAtMs: number
  readonly activation: Activation
  readonly document: unknown
}

export type RuleVersion = Pick<Rule, 'version' | 'author' | 'createdAtMs' | 'document'>

/** What all versions of a rule did of late, the shadow's apart. */
export type RuleStats = {
  readonly fired1h: number
  readonly fired24h: number
  readonly shadow24h: number
  readonly alerts24h: number
  readonly suppressed24h: number
  readonly lastFiredMs: number
}

export const readRules = (value: unknown): readonly Rule[] => listOf(recordOf(value)['rules']).map(readRule)
export const readOneRule = (value: unknown): Rule => readRule(recordOf(value)['rule'])

export const readVersions = (value: unknown): readonly RuleVersion[] =>
  listOf(recordOf(value)['versions']).map((one) => {
    const fields = recordOf(one)
    return { ...writtenOf(fields), document: fields['document'] }
  })

export function readStats(value: unknown): RuleStats {
  const versions = listOf(recordOf(value)['versions']).map(recordOf)
  const sum = (name: string): number => versions.reduce((all, one) => all + (numberOf(one[name]) ?? 0), 0)
  const fired = versions.map((one) => timeOf(one['lastFired'])).filter(Number.isFinite)
  return {
    fired1h: sum('fired1h'),
    fired24h: sum('fired24h'),
    shadow24h: sum('shadow24h'),
    alerts24h: sum('alerts24h'),
    suppressed24h: sum('suppressed24h'),
    lastFiredMs: fired.length === 0 ? Number.NaN : Math.max(...fired),
  }
}

const writtenOf = (fields: Readonly<Record<string, unknown>>): Omit<RuleVersion, 'document'> => ({
  version: numberOf(fields['version']) ?? 0,
  author: textOf(fields['author']) ?? '',
  createdAtMs: timeOf(fields['createdAt']),
})

function readRule(value: unknown): Rule {
  const fields = recordOf(value)
  const activation = recordOf(fields['activation'])
  const document = recordOf(fields['document'])
  const id = textOf(fields['id']) ?? ''
  return {
    ...writtenOf(fields),
    id,
    hash: textOf(fields['hash']) ?? '',
    name: textOf(document['name']) ?? id,
    severity: severityOf(document['severity']),
    document: fields['document'],
    activation: {
      state: textOf(activation['state']) ?? '',
      activeVersion: numberOf(activation['activeVersion']),
      previousVersion: numberOf(activation['previousVersion']),
      shadowVersion: numberOf(activation['shadowVersion']),
      inForceSinceMs: timeOf(activation['inForceSince']),
      listeningUntilMs: timeOf(activation['listeningUntil']),
    },
  }
}

/** One word, or where it depends the greatest that it can be. */
function severityOf(value: unknown): string {
  if (typeof value === 'string') return value
  const { cases, else: otherwise } = recordOf(value)
  const possible = [textOf(otherwise), ...listOf(cases).map((one) => textOf(recordOf(one)['then']))]
  const greatest = ['critical', 'warning', 'info'].find((one) => possible.includes(one))
  return greatest === undefined ? '' : possible.every((one) => one === greatest) ? greatest : `up to ${greatest}`
}

/** What has become of a rule, in one or two words. */
export function stateOf({ activation: { state, shadowVersion } }: Pick<Rule, 'activation'>): string {
  if (state === 'inactive') return shadowVersion === undefined ? 'off' : 'shadow'
  return STATES[state] ?? state
}

const STATES: Readonly<Record<string, string>> = {
  waiting: 'waiting',
  published: 'waiting',
  listening: 'listening',
  in_force: 'in force',
  halted: 'halted',
}

/** The same in a sentence, with what comes next. */
export function stateSentence({ activation, version }: Pick<Rule, 'activation' | 'version'>, nowMs: number): string {
  const { state, activeVersion = version, shadowVersion, listeningUntilMs } = activation
  const shadow = shadowVersion === undefined ? '' : ` Version ${shadowVersion} is tried in the shadow, without alerts.`
  return sentence() + shadow
  function sentence(): string {
    switch (state) {
      case 'inactive':
        return 'Off: no version of it is active.'
      case 'waiting':
        return `Version ${activeVersion} waits to be written to the log.`
      case 'published':
        return `Version ${activeVersion} stands in the log; no processor has told of it yet.`
      case 'listening': {
        const left = Math.ceil((listeningUntilMs - nowMs) / 1000)
        const until = Number.isFinite(left) && left > 0 ? `, for about ${left} s more` : ''
        return `Version ${activeVersion} listens while its windows fill${until}; then it speaks.`
      }
      case 'in_force':
        return activeVersion === version
          ? `Version ${activeVersion} is in force.`
          : `Version ${activeVersion} is in force; the newest, ${version}, is not.`
      case 'halted':
        return `Version ${activeVersion} was halted: it held more than its bound. Change it, or roll back.`
      default:
        return `State: ${state}.`
    }
  }
}
