import type { Rule, RuleSet } from '../../core/rules/document.ts'

/**
 * Rules for generated logs: every kind of window, firing and pattern that market can run, with windows so short that a story of
 * some minutes fills and empties them. The set changes with each epoch: a rule's threshold, what is there, what is a shadow.
 */
const bursts = (version: number, least: number): Rule => ({
  id: 'bursts',
  version,
  name: 'Trades far from the mean',
  enabled: true,
  on: 'trade',
  by: ['exchange', 'symbol'],
  let: {
    n: { agg: 'count', of: 'price', over: { sliding: '60s' }, lag: 1 },
    m: { agg: 'mean', of: 'price', over: { sliding: '60s' }, lag: 1 },
  },
  when: `n >= 1 && abs(bps(price, m)) > ${least}`,
  hold: '500ms',
  release: { when: 'n >= 1 && abs(bps(price, m)) < 2', after: '2s' },
  cooldown: { for: '10s', max: [5, '5m'] },
  renew: '15m',
  severity: { cases: [{ if: 'abs(bps(price, m)) > 12', then: 'critical' }], else: 'warning' },
  emit: {
    type: 'BURST',
    fields: { off: 'bps(price, m)', trades: 'n' },
    evidence: { events: 3, inputs: true },
    alert: true,
  },
})

const PAIRED: Rule = {
  id: 'paired',
  version: 1,
  name: 'A sale above a purchase, no gap between',
  enabled: true,
  on: ['trade', 'gap'],
  by: ['symbol'],
  pattern: {
    within: '30s',
    skip: 'past-last',
    steps: [
      { as: 'a', on: 'trade', if: "side == 'BUY'" },
      { not: { on: 'gap', if: "reason != 'STALL'" } },
      { as: 'b', on: 'trade', if: "side == 'SELL' && price > a.price", times: [1, 3], greedy: false },
    ],
  },
  renew: '15m',
  severity: 'info',
  emit: {
    type: 'PAIRED',
    fields: { first: 'a.price', most: 'max(b.price)', count: 'count(b)' },
    evidence: { events: 4 },
  },
}

const SILENT: Rule = {
  id: 'silent',
  version: 1,
  name: 'No trade for five seconds',
  enabled: true,
  on: 'trade',
  by: ['symbol'],
  pattern: {
    within: '10s',
    steps: [
      { as: 'x', if: 'price > 0' },
      { not: { if: 'price > 0' }, for: '5s' },
    ],
  },
  cooldown: { for: '60s' },
  renew: '15m',
  severity: 'critical',
  emit: { type: 'SILENT', alert: true },
}

const BUSY: Rule = {
  id: 'busy',
  version: 1,
  name: 'More than usual',
  enabled: true,
  on: 'trade',
  by: ['base'],
  let: {
    now: { agg: 'sum', of: 'size', over: { sliding: '10s' } },
    each: { agg: 'sum', of: 'size', over: { tumbling: '10s' } },
    usual: { agg: 'median', of: 'each', over: { count: 6 } },
    most: { agg: 'max', of: 'price', over: { hopping: ['30s', '10s'] } },
  },
  when: 'has(usual) && now > usual + 1',
  edge: 'change',
  renew: '15m',
  severity: 'info',
  emit: { type: 'BUSY', fields: { most: 'most' }, evidence: { inputs: true } },
}

const CANDLES: Rule = {
  id: 'candles',
  version: 1,
  name: 'Each candle that is above its neighbours',
  enabled: true,
  on: 'candle',
  where: "interval == '1s'",
  by: ['exchange', 'symbol'],
  let: { before: { agg: 'mean', of: 'close', over: { sliding: '60s' }, lag: 1 } },
  when: 'close > before',
  edge: 'every',
  renew: '15m',
  severity: 'info',
  emit: { type: 'ABOVE', fields: { return: 'logReturn' } },
}

const CHASED: Rule = {
  id: 'chased',
  version: 1,
  name: 'An opportunity, then a burst or another one',
  enabled: true,
  on: ['opportunity', 'match', 'best'],
  by: ['base'],
  pattern: {
    within: '20s',
    skip: 'none',
    onTimeout: true,
    maxPartials: 8,
    steps: [
      { as: 'o', on: 'opportunity', if: "phase == 'OPEN'" },
      {
        any: [
          { as: 'm', on: 'match', if: "type == 'BURST' && phase == 'FIRED'" },
          { as: 'p', on: 'opportunity', if: "phase == 'OPEN' && edgeBps > o.edgeBps" },
        ],
      },
    ],
  },
  renew: '15m',
  severity: 'warning',
  emit: {
    type: 'CHASED',
    fields: { edge: 'o.edgeBps', by: "has(m.type) ? 'burst' : 'opportunity'" },
    evidence: { events: 3 },
  },
}

export const NO_RULES: RuleSet = { rules: [], shadow: [] }

/** By the n-th epoch, from 1. */
export function generatedRules(epoch: number): RuleSet {
  const turn = epoch % 4
  const rules = [
    bursts(turn + 1, 3 + turn),
    BUSY,
    ...(turn === 2 ? [] : [CANDLES]),
    CHASED,
    PAIRED,
    ...(turn === 3 ? [] : [SILENT]),
  ]
  return { rules, shadow: turn === 0 ? [bursts(9, 1)] : [] }
}
