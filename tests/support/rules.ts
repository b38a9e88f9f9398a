import type { Rule } from '../../core/rules/document.ts'
import { readRule } from '../../core/rules/read/read.ts'
import type { Judge } from '../../io/rules-world.ts'

/** A rule that says little; `bps` makes it another one. */
export const ruleOf = (id: string, version = 1, bps = 10, rest: Partial<Rule> = {}): Rule => ({
  id,
  version,
  name: `Spread of ${id}`,
  enabled: true,
  on: 'quote',
  by: ['symbol'],
  when: `spreadBps > ${bps}`,
  severity: 'info',
  emit: { type: 'spread' },
  ...rest,
})

/** Judges the shape, and as wrong what has the tag `wrong`, with failing tests what has `failing`: what the language says is tested elsewhere. */
export const lenient: Judge = (document) => {
  const read = readRule(document)
  if ('diagnostics' in read) return { rule: undefined, diagnostics: read.diagnostics, bound: undefined }
  const wrong = { code: 'E102', pointer: '/when', from: 0, to: 4, message: 'There is no "pric".' }
  const doubt = { code: 'W806', pointer: '/tests', from: undefined, to: undefined, message: 'It has no test.' }
  const failed = { code: 'E701', pointer: '/tests/0', from: undefined, to: undefined, message: 'A test fails.' }
  const { tags = [] } = read.rule
  const errors = [...(tags.includes('wrong') ? [wrong] : []), ...(tags.includes('failing') ? [failed] : [])]
  return { rule: read.rule, diagnostics: [...errors, doubt], bound: undefined }
}
