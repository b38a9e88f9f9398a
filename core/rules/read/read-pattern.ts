import type { AllStep, AnyStep, Follow, NotStep, Pattern, SingleStep, Skip, Step } from '../document.ts'
import { DURATION, EXPR, isText, NAME, STREAM } from './read-parts.ts'
import { bool, either, isRecord, list, mustBe, object, oneOf, pair, scalar, whole, wrong, type Check } from './shape.ts'

const FOLLOW: Check<Follow> = oneOf(['next', 'followed', 'any'])
/** Whole numbers; which of them make sense is E408. */
const NUMBER: Check<number> = scalar('a whole number', (value) => Number.isInteger(value))
const MOST: Check<number | null> = scalar(
  'a whole number, or null for no end',
  (value) => value === null || Number.isInteger(value),
)

const SINGLE: Check<SingleStep> = object(
  'a step',
  { as: NAME, if: EXPR },
  {
    on: STREAM,
    follow: FOLLOW,
    times: either(
      (value) => typeof value === 'number',
      NUMBER,
      pair('a number, or [least, most] such as [2, null]', NUMBER, MOST),
    ),
    inner: FOLLOW,
    greedy: bool,
    optional: bool,
    until: EXPR,
    gap: DURATION,
  },
)
/** Of `any` and `all`: taken once each. */
const PART: Check<SingleStep> = object('a step of any or all', { as: NAME, if: EXPR }, { on: STREAM })
const PARTS = list('single steps', PART, { least: 2, most: 6 })

const NOT: Check<NotStep> = object(
  'a not step',
  { not: object('not', { if: EXPR }, { on: STREAM, follow: oneOf(['next', 'followed']) }) },
  { for: DURATION },
)
const ANY: Check<AnyStep> = object('an any step', { any: PARTS }, {})
const ALL: Check<AllStep> = object('an all step', { all: PARTS }, {})

const STEP: Check<Step> = (value, at, problems): value is Step => {
  if (!isRecord(value)) return wrong(problems, at, mustBe('a step: {"as", "if"}, {"not"}, {"any"} or {"all"}', value))
  if (Object.hasOwn(value, 'not')) return NOT(value, at, problems)
  if (Object.hasOwn(value, 'any')) return ANY(value, at, problems)
  return Object.hasOwn(value, 'all') ? ALL(value, at, problems) : SINGLE(value, at, problems)
}

const SKIP: Check<Skip> = either(
  isText,
  oneOf(['to-next', 'none', 'past-last']),
  either(
    (value) => isRecord(value) && Object.hasOwn(value, 'toLast'),
    object('skip', { toLast: NAME }, {}),
    object('skip ("to-next", "none", "past-last", {"toFirst": step} or {"toLast": step})', { toFirst: NAME }, {}),
  ),
)

/** Without `within` nothing would ever be forgotten: a code of its own. */
export const PATTERN: Check<Pattern> = object(
  'a pattern',
  { steps: list('steps', STEP, { least: 1, most: 20 }), within: DURATION },
  { skip: SKIP, maxPartials: whole(1, 4096), onTimeout: bool },
  { within: { code: 'E402', hint: ', or it would wait for ever; such as "within": "10s"' } },
)
