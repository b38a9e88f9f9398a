import { listOf, numberOf, recordOf, textOf, timeOf } from './fields.ts'
import { clockText, durationText } from './format.ts'
import { keyText, readMatch, readNamed, toldText, type Match, type Named, type Told } from './matches.ts'

/** A part of a condition that kept it from being true. */
export type Lack = { readonly text: string; readonly left: Told; readonly right: Told; readonly marginText: string }
export type Miss = { readonly atMs: number; readonly key: Named; readonly lacks: readonly Lack[] }
export type Condition = {
  readonly pointer: string
  readonly text: string
  /** What was never seen of it: a test of the rule would have to show it. */
  readonly never: string
}

/** What came of trying a rule on an hour of the log. */
export type Trial = {
  readonly matches: readonly Match[]
  readonly misses: readonly Miss[]
  readonly conditions: readonly Condition[]
  readonly stepsNeverEntered: readonly string[]
  /** In words: what was read, and what to think of it. */
  readonly summary: string
  readonly remarks: readonly string[]
}

export function readTrial(value: unknown): Trial {
  const fields = recordOf(value)
  const explanation = recordOf(fields['explanation'])
  const coverage = recordOf(explanation['coverage'])
  const matches = listOf(explanation['matches']).map(readMatch)
  return {
    matches,
    misses: listOf(explanation['misses']).map(readMiss),
    conditions: listOf(coverage['conditions']).map(readCondition),
    stepsNeverEntered: listOf(coverage['steps'])
      .map(recordOf)
      .flatMap((step) => (step['isEntered'] === true ? [] : [textOf(step['name']) ?? ''])),
    summary: summaryOf(matches.length, explanation, recordOf(fields['range'])),
    remarks: remarksOf(explanation, recordOf(fields['range'])),
  }
}

function readMiss(value: unknown): Miss {
  const fields = recordOf(value)
  return { atMs: timeOf(fields['at']), key: readNamed(fields['key']), lacks: listOf(fields['lacks']).map(readLack) }
}

function readLack(value: unknown): Lack {
  const fields = recordOf(value)
  const absent = textOf(fields['absent'])
  const margin = numberOf(fields['margin'])
  const [left, right] = readNamed({ left: fields['left'], right: fields['right'] }).map(([, one]) => one)
  const marginText = absent ?? (margin === undefined ? 'false' : `short by ${percentText(Math.abs(margin))}`)
  return { text: textOf(fields['text']) ?? '', left, right, marginText }
}

const percentText = (share: number): string =>
  share === 0 ? 'nothing: it had to be more' : `${(share * 100).toPrecision(share < 0.1 ? 2 : 3)} %`

function readCondition(value: unknown): Condition {
  const fields = recordOf(value)
  const [isTrue, isFalse] = [fields['isTrue'] === true, fields['isFalse'] === true]
  const isAbsent = fields['isAbsent'] === true
  const never =
    isTrue && isFalse
      ? ''
      : isTrue
        ? 'always true'
        : isFalse
          ? 'never true'
          : isAbsent
            ? 'never had a value'
            : 'never looked at'
  return { pointer: textOf(fields['pointer']) ?? '', text: textOf(fields['text']) ?? '', never }
}

function summaryOf(
  matches: number,
  explanation: Readonly<Record<string, unknown>>,
  range: Readonly<Record<string, unknown>>,
): string {
  const number = (name: string): string => (numberOf(explanation[name]) ?? 0).toLocaleString('en')
  const count = matches === 0 ? 'No match' : matches === 1 ? 'One match' : `${matches.toLocaleString('en')} matches`
  const most = explanation['isWhole'] === false ? ' (the first; there are more)' : ''
  const span = `${clockText(timeOf(range['from']))} to ${clockText(timeOf(range['to']))} UTC`
  return `${count}${most} in ${number('events')} events, ${number('passed')} of them past “where”, ${span}.`
}

function remarksOf(
  explanation: Readonly<Record<string, unknown>>,
  range: Readonly<Record<string, unknown>>,
): readonly string[] {
  const remarks: string[] = []
  if (range['isCut'] === true) remarks.push('The time was up before the end of the hour: this is its beginning only.')
  if (range['reaches'] === false)
    remarks.push('The log does not reach back far enough to fill its windows: the first part may differ.')
  for (const hold of listOf(explanation['holds']).map(recordOf).slice(0, 3)) {
    const [lasted, wanted] = [hold['lastedMicros'], hold['wantedMicros']].map((one) => (numberOf(one) ?? 0) / 1000)
    const key = keyText(readNamed(hold['key']))
    remarks.push(
      `${key}: it held for ${durationText(lasted)} of ${durationText(wanted)}, from ${clockText(timeOf(hold['from']))}.`,
    )
  }
  for (const pattern of listOf(explanation['patterns']).map(recordOf).slice(0, 3)) {
    const taken = listOf(pattern['taken']).map((one) => textOf(recordOf(one)['step']) ?? '')
    const why = ENDS[textOf(pattern['why']) ?? ''] ?? ''
    const key = keyText(readNamed(pattern['key']))
    remarks.push(
      `${key}: got as far as ${taken.join(', ')} and waited for ${textOf(pattern['waitedFor']) ?? ''}; ${why}.`,
    )
  }
  for (const one of listOf(explanation['absent']).map(recordOf).slice(0, 3))
    remarks.push(
      `${textOf(one['pointer']) ?? ''} had no value ${numberOf(one['times']) ?? 0} times: ${textOf(one['reason']) ?? ''}`,
    )
  for (const one of listOf(explanation['heldBack']).map(recordOf).slice(0, 3))
    remarks.push(`${keyText(readNamed(one['key']))}: a cool-down held back ${numberOf(one['times']) ?? 0}.`)
  return remarks
}

/** Why a beginning of a pattern went no further. */
const ENDS: Readonly<Record<string, string>> = {
  guard: 'what must not come came',
  until: 'its “until” came',
  contiguity: 'something else came directly after',
  within: 'its time was up',
  maxPartials: 'too many began after it',
  skip: 'another match skipped it',
  open: 'it waits still',
}

/** What stands on both sides of a comparison, as far as it has sides. */
export const sidesText = ({ left, right }: Lack): string =>
  left === undefined && right === undefined ? '' : `${toldText(left)} against ${toldText(right)}`

/** The symbol that a document speaks of, if it names one. */
export const symbolIn = (text: string): string | undefined =>
  /['"]([A-Z0-9]{1,20}-[A-Z0-9]{1,20}(?:-[A-Z0-9]{1,20})?)['"]/.exec(text)?.[1]
