import { SEVERITIES, type Severity } from '../../match.ts'
import type { Diagnostic } from '../diagnostic.ts'
import {
  EDGES,
  ON_UPDATE,
  RENEWALS,
  SCOPES,
  type Emit,
  type Rule,
  type RuleTest,
  type SeverityCases,
} from '../document.ts'
import { STREAMS, type Stream } from '../events.ts'
import { AGGREGATE, DURATION, EXPR, isText, MOMENT, NAME, STREAM } from './read-parts.ts'
import { PATTERN } from './read-pattern.ts'
import {
  bool,
  either,
  isRecord,
  list,
  named,
  object,
  oneOf,
  pair,
  scalar,
  text,
  whole,
  wrong,
  type Check,
} from './shape.ts'

export type ReadRule = { readonly rule: Rule } | { readonly diagnostics: readonly Diagnostic[] }

/** The rule that a parsed JSON document tells; whether it means anything is for compile.ts. Never throws. */
export function readRule(document: unknown): ReadRule {
  const diagnostics: Diagnostic[] = []
  return RULE(document, '', diagnostics) ? { rule: document } : { diagnostics }
}

const CASES: Check<SeverityCases> = object(
  'severity',
  {
    cases: list(
      'cases {"if", "then"}',
      // oxlint-disable-next-line unicorn/no-thenable -- the document's own word, never awaited
      object('a case of severity', { if: EXPR, then: oneOf(SEVERITIES) }, {}),
      { least: 1, most: 16 },
    ),
    else: oneOf(SEVERITIES),
  },
  {},
)
const SEVERITY: Check<Severity | SeverityCases> = either(isText, oneOf(SEVERITIES), CASES)

const TYPE = text('a name of letters, digits, _ - and .', /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/)
const FIELDS = named('fields, each an expression in quotes', NAME, EXPR, 64)
const ACTION: Check<NonNullable<Emit['action']>> = either(
  (value) => isRecord(value) && Object.hasOwn(value, 'webhook'),
  object('a webhook action', { webhook: text('the name of a webhook', /^[A-Za-z0-9_-]{1,64}$/) }, {}),
  object(
    'a command action',
    { command: text('the name of a command', /^[A-Za-z0-9_-]{1,64}$/) },
    { arguments: named('arguments, each an expression in quotes', NAME, EXPR, 16) },
  ),
)
const EMIT: Check<Emit> = object(
  'emit',
  { type: TYPE },
  {
    fields: FIELDS,
    evidence: object('evidence', {}, { events: whole(0, 256), inputs: bool }),
    alert: bool,
    action: ACTION,
  },
)

/** What a test writes and expects: plain values, texts that begin with = are expressions. */
const PLAIN: Check<unknown> = scalar(
  'a number, a text, true, false or null',
  (value) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
)
const VALUES = named('values', NAME, PLAIN, 64)
const TEST: Check<RuleTest> = object(
  'a test',
  {
    name: text('a text'),
    given: list(
      'records',
      object(
        'a record of a test',
        { at: MOMENT, stream: STREAM, set: VALUES },
        { repeat: whole(1, 100_000), every: DURATION },
      ),
      { least: 0, most: 1000 },
    ),
    expect: list(
      'expected matches',
      object(
        'an expected match',
        {},
        {
          at: MOMENT,
          type: text('a text'),
          phase: text('a text'),
          severity: oneOf(SEVERITIES),
          key: VALUES,
          fields: VALUES,
        },
      ),
      { least: 0, most: 1000 },
    ),
  },
  { until: MOMENT },
)

const STREAM_LIST: Check<readonly Stream[]> = (value, at, problems): value is readonly Stream[] =>
  list('streams', STREAM, { least: 1, most: STREAMS.length })(value, at, problems) &&
  (new Set(value).size === value.length || wrong(problems, at, 'A stream stands here twice; write it once.'))

/** Of a rule below `at`. */
export const RULE: Check<Rule> = object(
  'a rule',
  {
    id: text('a name of small letters, digits and -, at most 64', /^[a-z0-9-]{1,64}$/),
    version: whole(1, 1_000_000_000),
    name: text('a text of 1 to 200 letters', /^[^]{1,200}$/),
    enabled: bool,
    on: either(isText, STREAM, STREAM_LIST),
    by: list('fields', text('the name of a field'), { least: 1, most: 4 }),
    severity: SEVERITY,
    emit: EMIT,
  },
  {
    tags: list('tags', text('a text of 1 to 64 letters', /^[^]{1,64}$/), { least: 0, most: 32 }),
    scope: oneOf(SCOPES),
    where: EXPR,
    let: named('let values', NAME, either(isText, EXPR, AGGREGATE), 64),
    when: EXPR,
    pattern: PATTERN,
    edge: oneOf(EDGES),
    hold: DURATION,
    release: object('release', {}, { when: EXPR, after: DURATION }),
    cooldown: object(
      'cooldown',
      { for: DURATION },
      { max: pair('[number, period], such as [10, "1h"]', whole(1, 1_000_000), DURATION) },
    ),
    renew: oneOf(RENEWALS),
    onUpdate: oneOf(ON_UPDATE),
    tests: list('tests', TEST, { least: 0, most: 64 }),
  },
)
