import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readRule } from '../../../../core/rules/read/read.ts'
import { testRule } from '../../../../core/rules/testing/test-rule.ts'

const FOLDER = new URL('../../../../rules/', import.meta.url)
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))

test('rules that ship are there', () => expect(files.length).toBeGreaterThanOrEqual(7))

test.each(files)('%s does what its own tests say, and its tests enter every step', (file) => {
  const read = readRule(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')))
  if (!('rule' in read)) throw new TypeError(JSON.stringify(read.diagnostics))
  const { tests, coverage } = testRule(read.rule)
  expect(tests.map(({ name, failure }) => ({ name, failure }))).toEqual(
    (read.rule.tests ?? []).map(({ name }) => ({ name, failure: undefined })),
  )
  expect(tests.length).toBeGreaterThanOrEqual(2)
  expect(coverage.steps.filter(({ isEntered }) => !isEntered)).toEqual([])
})
