import type { Compiled } from '../compile/compile.ts'
import type { Placed } from '../compile/compiling.ts'
import type { Rule } from '../document.ts'
import { nodesIn, type Node } from '../expression/node.ts'
import type { Frame } from '../frame.ts'
import type { Let } from '../compile/lets.ts'
import type { Allot, Program } from '../program.ts'
import { watchedProgram, type Watcher } from './watched.ts'

/** What a condition, or a part of one, was seen to be. `from` and `to`: characters of the expression at the pointer. */
export type Seen = {
  readonly pointer: string
  readonly from: number
  readonly to: number
  readonly text: string
  readonly isTrue: boolean
  readonly isFalse: boolean
  readonly isAbsent: boolean
}

/** `steps`: whether an event was taken, by the step's name. */
export type Coverage = {
  readonly conditions: readonly Seen[]
  readonly steps: readonly { readonly name: string; readonly isEntered: boolean }[]
}

/** Conditions that were never seen true, or never false, and steps that took nothing. */
export const holesOf = ({ conditions, steps }: Coverage): Coverage => ({
  conditions: conditions.filter(({ isTrue, isFalse }) => !isTrue || !isFalse),
  steps: steps.filter(({ isEntered }) => !isEntered),
})

/** Watches one rule, over all its runs. */
export type Watch = {
  /** `besides` is told after it, and says what is of interest. */
  readonly compile: (rule: Rule, allot: Allot, besides?: Besides) => Compiled
  readonly lets: () => ReadonlyMap<string, Let>
  readonly seen: ReadonlyMap<string, Seen>
  readonly names: () => readonly string[]
  readonly entered: ReadonlySet<number>
}

/** `isAsked`: whether what happens in this frame counts. */
type Besides = Omit<Watcher, 'entered'> & { readonly isAsked: (frame: Frame) => boolean }

type Changing = { -readonly [K in keyof Seen]: Seen[K] }
type Part = { readonly node: Node; readonly seen: Changing }

export function watchingCompile(): Watch {
  const seen = new Map<string, Changing>()
  const entered = new Set<number>()
  const partsOf = new WeakMap<Placed, readonly Part[]>()
  let program: Program | undefined
  let lets: readonly Placed[] = []
  let named: ReadonlyMap<string, Let> = new Map()
  let stamp = -1

  function parts(placed: Placed): readonly Part[] {
    let known = partsOf.get(placed)
    if (known === undefined) {
      known = conditionsIn(placed.node).map((node) => ({ node, seen: seenOf(placed, node) }))
      partsOf.set(placed, known)
    }
    return known
  }

  function seenOf({ pointer, text }: Placed, { from, to }: Node): Changing {
    const id = `${pointer} ${from} ${to}`
    let one = seen.get(id)
    if (one === undefined) {
      const part = text.slice(from, to)
      one = { pointer, from, to, text: part, isTrue: false, isFalse: false, isAbsent: false }
      seen.set(id, one)
    }
    return one
  }

  function look(placed: Placed, frame: Frame): void {
    for (const { node, seen: one } of parts(placed)) {
      const value = node.expression.read(frame)
      if (value === true) one.isTrue = true
      else if (value === false) one.isFalse = true
      else one.isAbsent = true
    }
  }

  return {
    compile(rule, allot, besides) {
      const watched = watchedProgram(rule, allot, {
        evaluated(placed, frame, value) {
          if (besides?.isAsked(frame) === false) return
          look(placed, frame)
          besides?.evaluated(placed, frame, value)
          if (stamp === frame.stamp || !ASKING.has(placed.role)) return
          stamp = frame.stamp
          for (const one of lets) look(one, frame)
        },
        entered(name, frame) {
          if (besides?.isAsked(frame) !== false) entered.add(name)
        },
        ...(besides?.trace && { trace: besides.trace }),
      })
      program = 'program' in watched ? watched.program : undefined
      if (!('program' in watched)) return watched
      stamp = -1
      named = watched.analysis.lets
      lets = watched.analysis.placed.filter(({ role }) => role === 'let')
      for (const placed of watched.analysis.placed) parts(placed)
      return watched
    },
    lets: () => named,
    seen,
    names: () => (program?.body.kind === 'pattern' ? program.body.pattern.names : []),
    entered,
  }
}

/** Where the rule itself asks, so that its `let` values are of interest. */
const ASKING: ReadonlySet<Placed['role']> = new Set(['when', 'release', 'if', 'not', 'until'])

const conditionsIn = (node: Node): readonly Node[] =>
  nodesIn(node).filter(({ type, fixed }) => type === 'bool' && fixed === undefined)

export const coverageOf = ({ seen, names, entered }: Watch): Coverage => ({
  conditions: [...seen.values()].map((one) => ({ ...one })),
  steps: names().map((name, at) => ({ name, isEntered: entered.has(at) })),
})
