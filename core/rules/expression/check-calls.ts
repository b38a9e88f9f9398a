import { AGGREGATES } from '../document.ts'
import { durationMicros, LONGEST_MICROS } from '../read/duration.ts'
import { STEP_FUNCTIONS } from '../frame.ts'
import { KINDS, foldedOf, named, nodeOf, quote, tell, whatIs } from './checking.ts'
import { VALUE_FUNCTIONS } from './functions.ts'
import { didYouMean } from './nearest.ts'
import { always } from './operand.ts'
import type { StepFunction } from '../frame.ts'
import type { Checking } from './checking.ts'
import type { ValueFunction } from './functions.ts'
import type { Node } from './node.ts'
import type { Tree } from './tree.ts'

type Call = Extract<Tree, { readonly kind: 'call' }>

const MOST_PREVIOUS = 8
const FUNCTIONS: readonly string[] = [...new Set([...VALUE_FUNCTIONS.keys(), ...STEP_FUNCTIONS, 'duration', 'prev'])]

/** What others call it. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['log', 'write `ln(x)`, the natural logarithm'],
  ['pow', 'there is no power: multiply'],
  ['now', 'write `clock()`, the time of the log'],
  ['time', 'write `clock()`, the time of the log'],
  ['lag', 'write `prev(field)`'],
  ['previous', 'write `prev(field)`'],
  ['ref', 'write `prev(field)`'],
  ['coalesce', 'write `orElse(x, other)`'],
  ['nvl', 'write `orElse(x, other)`'],
  ['ifnull', 'write `orElse(x, other)`'],
  ['isnull', 'write `!has(x)`'],
  ['exists', 'write `has(x)`'],
  ['if', 'write `condition ? one : other`'],
  ['iif', 'write `condition ? one : other`'],
  ['matches', 'there are no regular expressions: write `contains(text, part)`'],
  ['size', 'texts have no length here'],
  ['int', 'all numbers are of one kind: leave it away'],
  ['double', 'all numbers are of one kind: leave it away'],
])
const AVERAGES: ReadonlyMap<string, string> = new Map([
  ['avg', 'mean'],
  ['average', 'mean'],
  ['sma', 'mean'],
  ['stddev', 'sd'],
  ['std', 'sd'],
  ['stdev', 'sd'],
  ['variance', 'var'],
  ['percentile', 'quantile'],
])

export function checkCall(checking: Checking, tree: Call): Node | undefined {
  const { name, of } = tree
  if (name === 'duration') return checkDuration(checking, tree)
  if (name === 'prev') return checkPrevious(checking, tree)
  const overStep = STEP_FUNCTIONS.find((one) => one === name)
  const known = VALUE_FUNCTIONS.get(name)
  if (overStep !== undefined && (known === undefined || (of.length === 1 && of[0]?.kind === 'member')))
    return checkOverStep(checking, tree, overStep)
  if (known === undefined) return tell(checking, 'E104', { from: tree.from, to: tree.nameTo }, unknownFunction(name))
  if (of.length < known.least || of.length > known.most) return tell(checking, 'E104', tree, counts(known, of.length))
  const nodes = of.flatMap((one) => checking.check(one) ?? [])
  if (nodes.length < of.length) return undefined
  const expression = known.make(nodes.map((node) => node.expression))
  const wrong = nodes.find(({ type }) => !known.takes.includes(type))
  if (wrong !== undefined || expression === undefined)
    return tell(checking, 'E103', wrong ?? tree, takes(checking, known, nodes, wrong))
  const shape = { kind: 'call', name, of: nodes } as const
  return name === 'clock' ? nodeOf(tree, shape, expression) : foldedOf(tree, shape, expression, nodes)
}

function unknownFunction(name: string): string {
  const aggregate = AVERAGES.get(name.toLowerCase()) ?? AGGREGATES.find((one) => one === name)
  const elsewhere = ELSEWHERE.get(name.toLowerCase())
  const start = `there is no function \`${name}\``
  if (aggregate !== undefined) return `${start}: ${overTime(aggregate)}`
  return elsewhere === undefined ? `${start}${didYouMean(name, FUNCTIONS)}` : `${start}: ${elsewhere}`
}

const overTime = (aggregate: string): string =>
  `what happened over time gets a name in \`let\`, for example {"agg":"${aggregate}","of":"price","over":{"sliding":"60s"}}`

const values = (count: number): string => (count === 0 ? 'nothing' : count === 1 ? 'one value' : `${count} values`)

function counts({ usage, least, most }: ValueFunction, given: number): string {
  return `\`${usage}\` takes ${values(least)}${most > least ? ' or more' : ''}, but ${given === 0 ? 'none is' : `${given} ${given === 1 ? 'is' : 'are'}`} given`
}

function takes(checking: Checking, known: ValueFunction, nodes: readonly Node[], wrong: Node | undefined): string {
  if (wrong !== undefined)
    return `\`${known.usage}\` takes ${known.takes.map((type) => KINDS[type]).join(' or ')}, but ${whatIs(checking, wrong)}`
  return `the values of \`${known.usage}\` are all of one type, but ${nodes.map((node) => whatIs(checking, node)).join(', ')}`
}

function checkDuration(checking: Checking, tree: Call): Node | undefined {
  const [of, ...others] = tree.of
  const text = of?.kind === 'literal' && typeof of.value === 'string' && others.length === 0 ? of.value : undefined
  if (of === undefined || text === undefined)
    return tell(checking, 'E104', tree, "`duration('5s')` takes one text in quotes")
  const micros = durationMicros(text)
  if (micros === undefined || micros > LONGEST_MICROS)
    return tell(
      checking,
      'E104',
      of,
      `${quote(checking, of)} is no duration: write '250ms', '5s', '10m', '2h' or '1d', at most 24 h`,
    )
  const literal = nodeOf(of, { kind: 'literal', value: text }, always('string', text), { value: text })
  return nodeOf(tree, { kind: 'call', name: 'duration', of: [literal] }, always('duration', micros), { value: micros })
}

/** A whole number as it stands in the text, `otherwise` if nothing stands there; `undefined` if something else does. */
function wholeNumber(tree: Tree | undefined, otherwise: number): number | undefined {
  if (tree === undefined) return otherwise
  return tree.kind === 'literal' && typeof tree.value === 'number' && Number.isSafeInteger(tree.value)
    ? tree.value
    : undefined
}

function checkPrevious(checking: Checking, tree: Call): Node | undefined {
  const [of, count] = tree.of
  if (of?.kind !== 'word' || tree.of.length > 2)
    return tell(
      checking,
      'E104',
      tree,
      '`prev(field)` or `prev(field, n)` takes the name of a field and how many events back',
    )
  const nth = wholeNumber(count, 1)
  if (nth === undefined || nth < 1 || nth > MOST_PREVIOUS)
    return tell(
      checking,
      'E104',
      count ?? tree,
      `\`prev(field, n)\` reaches 1 to ${MOST_PREVIOUS} events back: n is a whole number as digits`,
    )
  return named(
    checking,
    tree,
    { kind: 'previous', name: of.name, nth },
    checking.names.previous(of.name, nth),
    undefined,
  )
}

function checkOverStep(checking: Checking, tree: Call, call: StepFunction): Node | undefined {
  const [of, count] = tree.of
  const nthAllowed = call === 'first' || call === 'last'
  const step = of?.kind === 'member' ? of.step : of?.kind === 'word' ? of.name : undefined
  const name = of?.kind === 'member' ? of.name : undefined
  const wellFormed = tree.of.length <= (nthAllowed ? 2 : 1) && (call === 'count') === (name === undefined)
  if (step === undefined || !wellFormed) {
    const usage =
      call === 'count'
        ? 'count(step)'
        : nthAllowed
          ? `${call}(step.field) or ${call}(step.field, n)`
          : `${call}(step.field)`
    return tell(checking, 'E104', tree, `\`${usage}\` is over what a step of a pattern took; ${overTime(call)}`)
  }
  const nth = wholeNumber(count, 0)
  if (nth === undefined || nth < 0)
    return tell(
      checking,
      'E104',
      count ?? tree,
      `n of \`${call}(step.field, n)\` is a whole number as digits, 0 for the ${call}`,
    )
  const given = checking.names.overStep(call, step, name, nth)
  return named(checking, tree, { kind: 'overStep', call, step, name, nth }, given, undefined)
}
