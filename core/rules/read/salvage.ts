import type { Diagnostic } from '../diagnostic.ts'
import { isRecord } from './shape.ts'

/** Members without which the rest of a rule can be judged all the same, and what stands for them meanwhile. */
const STAND_INS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['id', 'x'],
  ['version', 1],
  ['name', 'x'],
  ['enabled', true],
  ['severity', 'info'],
  ['emit', { type: 'X' }],
  ['tags', undefined],
  ['edge', undefined],
  ['hold', undefined],
  ['release', undefined],
  ['cooldown', undefined],
  ['renew', undefined],
  ['onUpdate', undefined],
  ['tests', undefined],
])

/** Whose absence would make the names in all other expressions mean nothing. */
const NAMES = ['let', 'pattern', 'on', 'scope']

/**
 * A document of wrong shape with what is wrong left out, so that all else can be judged too; `undefined` if too little would
 * remain of it. The document is not changed.
 */
export function salvaged(document: unknown, problems: readonly Diagnostic[]): unknown {
  if (!isRecord(document)) return undefined
  const wrong = new Set(problems.map(({ pointer }) => pointer.split('/')[1] ?? ''))
  if (NAMES.some((name) => wrong.has(name))) return undefined
  const missing = [...STAND_INS].filter(([name, standIn]) => standIn !== undefined && !Object.hasOwn(document, name))
  const known = Object.entries(document).flatMap(([name, value]) => {
    if (!wrong.has(name)) return [[name, value] as const]
    const standIn = STAND_INS.get(name)
    return standIn === undefined ? [] : [[name, standIn] as const]
  })
  return Object.fromEntries([...known, ...missing])
}

/** Whether a problem leaves out more than what stands alone: a misspelt name, perhaps, on which others rest. */
export const leavesGap = ({ pointer }: Diagnostic): boolean =>
  !STAND_INS.has(pointer.split('/')[1] ?? '') && pointer !== ''
