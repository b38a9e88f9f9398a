import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fold } from '../../core/processor.ts'
import { logOf } from '../support/generated-log.ts'
import { seededStory } from '../support/generated-story.ts'
import { bytesOf } from '../support/processor-laws.ts'
import { encodeOutput, marketOf } from '../support/replay-log.ts'

/*
 * The bytes that the market processor writes for one generated log, pinned per version of its code: a deployed version must go
 * on writing them, or a restored task finds that it DIVERGED from what stands on the log.
 *
 * Whoever changes what market writes raises CODE_VERSION in processors/market/market.ts and pins anew:
 *   PIN_GOLDEN=1 npx vitest run --project unit tests/processors/golden.test.ts
 * Pinning refuses other bytes under a version that is pinned. One that was never deployed (an issue that is being built
 * changes it several times) may be overwritten: PIN_GOLDEN=undeployed. Where the generator changed, so that `log`
 * differs, pinning takes it without asking.
 */
const FILE = new URL('golden.json', import.meta.url)
const MARKET = marketOf()

type Golden = {
  readonly codeVersion: number
  readonly log: string
  readonly outputs: Readonly<Record<string, { readonly count: number; readonly sha256: string }>>
}

function found(): Golden {
  const log = logOf(seededStory(7))
  const { outputs } = fold(MARKET, log)
  const perTopic = MARKET.outputs.map((topic) => {
    const own = outputs.filter((output) => output.topic === topic)
    const hash = createHash('sha256')
    for (const output of own) hash.update(`${output.key} ${output.time} `).update(encodeOutput(output))
    return [topic, { count: own.length, sha256: hash.digest('hex') }] as const
  })
  const hash = createHash('sha256')
  for (const record of log) hash.update(bytesOf(record))
  return { codeVersion: MARKET.codeVersion, log: hash.digest('hex'), outputs: Object.fromEntries(perTopic) }
}

const pinned = (): Golden => JSON.parse(readFileSync(FILE, 'utf8'))

function pin(golden: Golden, how: string | undefined): void {
  if (how === undefined) return
  const before = pinned()
  const isSame = before.codeVersion === golden.codeVersion && before.log === golden.log
  if (isSame && how !== 'undeployed' && bytesOf(before.outputs) !== bytesOf(golden.outputs))
    throw new Error(`version ${golden.codeVersion} is pinned with other bytes: raise CODE_VERSION`)
  writeFileSync(FILE, `${JSON.stringify(golden, undefined, 2)}\n`)
}

describe('the market processor', { timeout: 60_000 }, () => {
  test('writes what it wrote before, unless its version is raised', () => {
    const golden = found()
    pin(golden, process.env['PIN_GOLDEN'])
    const { codeVersion, log, outputs } = pinned()
    expect(golden.log, 'the generator makes another log: pin anew').toBe(log)
    expect(golden.codeVersion, 'CODE_VERSION was raised: pin anew').toBe(codeVersion)
    expect(golden.outputs, 'other bytes under the same version: raise CODE_VERSION, pin anew').toEqual(outputs)
  })

  test('is held to enough of each kind', () => {
    for (const { count } of Object.values(pinned().outputs)) expect(count).toBeGreaterThan(100)
    expect(Object.keys(pinned().outputs)).toEqual(MARKET.outputs)
  })
})
