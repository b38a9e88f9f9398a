import type { Placed } from '../../compile/compiling.ts'
import type { Diagnostic } from '../../diagnostic.ts'
import type { Rule } from '../../document.ts'
import { conjunctsOf, type Node } from '../../expression/node.ts'
import type { Let } from '../../compile/lets.ts'
import { takesOf } from '../../compile/takes.ts'
import { streamsOf } from '../../document.ts'
import { decided, given, mayBeZero } from './facts.ts'
import { MOST_EFFORT, noFacts, termOf, type Facts, type Ground } from './terms.ts'

/** An expression to be judged, with what is known to hold whenever it is asked. */
export type Judged = { readonly placed: Placed; readonly facts: Facts }

const CONDITIONS: ReadonlySet<string> = new Set(['where', 'when', 'release', 'severity', 'if', 'not', 'until'])

/** All conditions of a rule: `where` holds wherever another is asked, `when` where a severity is chosen. */
export function conditionsOf(rule: Rule, placed: readonly Placed[], lets: ReadonlyMap<string, Let>): readonly Judged[] {
  const steps = new Map(
    rule.pattern === undefined
      ? []
      : takesOf(rule.pattern).map(({ step }) => [step.as, step.on === undefined ? streamsOf(rule) : [step.on]]),
  )
  const effort = { left: MOST_EFFORT }
  const ground = ({ streams }: Placed): Ground => ({
    streams,
    lets,
    effort,
    streamsOfStep: (step) => steps.get(step) ?? [],
  })
  const [where, when] = ['/where', '/when'].map((pointer) => placed.find((one) => one.pointer === pointer)?.node)
  const always = ({ pointer, role }: Placed): readonly Node[] =>
    [pointer === '/where' ? undefined : where, role === 'severity' ? when : undefined].filter(
      (one) => one !== undefined,
    )
  return placed
    .filter(({ role }) => CONDITIONS.has(role))
    .map((one) => ({
      placed: one,
      facts: always(one).reduce((facts, node) => given(facts, node), noFacts(ground(one))),
    }))
}

/** E407 of contradictions, W803 of divisions by what may be 0, W804 of comparisons that are always the same. */
export function checkConditions(all: readonly Judged[]): readonly Diagnostic[] {
  return all.flatMap(({ placed, facts }) => [
    ...contradiction(placed, facts),
    ...alwaysTheSame(placed, noFacts(facts.ground)),
    ...divisions(placed, facts),
  ])
}

const say = (
  code: string,
  { pointer }: Placed,
  { from, to }: Pick<Node, 'from' | 'to'>,
  message: string,
): Diagnostic => ({
  code,
  pointer,
  from,
  to,
  message,
})
const quoted = ({ text }: Placed, { from, to }: Node): string => `\`${text.slice(from, to)}\``

/** A comparison that never holds by itself is W804: here it is the others that forbid it. */
function contradiction(placed: Placed, facts: Facts): readonly Diagnostic[] {
  const { node } = placed
  const bare = noFacts(facts.ground)
  const alone = conjunctsOf(node).some((one) => given(bare, one).isImpossible)
  if (alone || facts.isImpossible || !given(facts, node).isImpossible) return []
  const parts = conjunctsOf(node)
  const last = parts.find(
    (_, index) => parts.slice(0, index + 1).reduce((known, one) => given(known, one), facts).isImpossible,
  )
  const rest = parts.length > 1 ? 'the rest of it' : '"where"'
  return [
    say(
      'E407',
      placed,
      last ?? node,
      `This can never hold: ${quoted(placed, last ?? node)} contradicts ${rest}. Did you mean || between them, or another bound?`,
    ),
  ]
}

function alwaysTheSame(placed: Placed, facts: Facts): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  walk(placed.node, facts, (node) => {
    const always = node.kind === 'literal' || node.type !== 'bool' || isLogic(node) ? undefined : decided(node, facts)
    if (always !== undefined)
      found.push(
        say(
          'W804',
          placed,
          node,
          `${quoted(placed, node)} is always ${always}, whatever the market does; leave it out or correct the bound.`,
        ),
      )
    return always === undefined
  })
  return found
}

const isLogic = (node: Node): boolean => node.kind === 'binary' && (node.op === '&&' || node.op === '||')

/** Divisions of this expression and of the `let` texts that it names, each once. */
function divisions(placed: Placed, facts: Facts): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  const seen = new Set<string>()
  const look = (node: Node, known: Facts, at: Node, through: string | undefined): void =>
    walk(node, known, (one, here) => {
      const divisor = divisorOf(one)
      if (divisor !== undefined && divisor.fixed === undefined && mayBeZero(divisor, here)) {
        const term = termOf(divisor)
        const key = `${through ?? ''} ${term}`
        const where = through === undefined ? quoted(placed, one) : `\`${through}\``
        if (!seen.has(key))
          found.push(
            say(
              'W803',
              placed,
              through === undefined ? one : at,
              `${where} divides by ${termText(divisor)}, which may be 0; there is no value then and the condition counts as false. Say what you want: \`${termText(divisor)} > 0 && …\`.`,
            ),
          )
        seen.add(key)
      }
      const value = one.kind === 'name' ? here.ground.lets.get(one.name) : undefined
      if (value?.node !== undefined && !seen.has(`let ${value.name}`)) {
        seen.add(`let ${value.name}`)
        look(value.node, here, through === undefined ? one : at, value.name)
      }
      return true
    })
  look(placed.node, facts, placed.node, undefined)
  return found
}

/** As a user would write it: without the outermost brackets. */
const termText = (node: Node): string => termOf(node).replace(/^\((.*)\)$/, '$1')

function divisorOf(node: Node): Node | undefined {
  if (node.kind === 'binary' && node.op === '/') return node.right
  return node.kind === 'call' && node.name === 'bps' ? node.of[1] : undefined
}

/**
 * Visits a node and, while `visit` says so, those below it, each with what holds where it is asked: beside `&&` all other
 * operands, beside `||` that the others do not hold.
 */
function walk(node: Node, facts: Facts, visit: (node: Node, facts: Facts) => boolean): void {
  if (!visit(node, facts)) return
  switch (node.kind) {
    case 'unary':
    case 'in':
      walk(node.of, facts, visit)
      return
    case 'binary': {
      const { op, left, right } = node
      const isAnd = op === '&&'
      walk(left, isAnd || op === '||' ? given(facts, right, isAnd) : facts, visit)
      walk(right, isAnd || op === '||' ? given(facts, left, isAnd) : facts, visit)
      return
    }
    case 'choice':
      walk(node.if, facts, visit)
      walk(node.yes, given(facts, node.if), visit)
      walk(node.no, given(facts, node.if, false), visit)
      return
    case 'call':
      for (const one of node.of) walk(one, facts, visit)
      return
    case 'literal':
    case 'name':
    case 'member':
    case 'overStep':
    case 'previous':
  }
}
