import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bootstrap } from '../../cli/bootstrap.ts'
import { loadRuleFiles, type RuleFile } from '../../cli/rule-files.ts'
import { applyFiles, doWithRule, listRules, showRule, validateFiles, type RulesDeps } from '../../cli/rules.ts'
import { takeRules } from '../../cli/take-rules.ts'
import type { Rule } from '../../core/rules/document.ts'
import { parseConfig } from '../../io/config.ts'
import { newestDocument } from '../../io/control-documents.ts'
import { openRegistry } from '../../io/registry.ts'
import { catalogue } from '../../schemas/topics.ts'
import { createEmptyDatabase, silentLog, type TestDatabase } from '../support/database.ts'
import { kafkaOptions } from '../support/kafka.ts'
import { lenient, ruleOf } from '../support/rules.ts'

const { brokers, registry: registryUrl, database: server } = inject('stack')
const kafka = kafkaOptions(brokers)
const registry = openRegistry(registryUrl)
const topics = catalogue(2, `test-${randomUUID().slice(0, 8)}.`)
const config = parseConfig({ partitions: 2, exchanges: { kraken: { symbols: ['BTC-USD'] } } }, 'test')

let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await createEmptyDatabase(server, 'rulescli')
  folder = await mkdtemp(join(tmpdir(), 'crosstide-rules-'))
  await bootstrap({ kafka, registry, databaseUrl: database.url, config, log: silentLog, topics, rules: [] })
})
afterAll(async () => {
  await database.drop()
  await rm(folder, { recursive: true })
})

const fileOf = (rule: object, file = 'x.json'): RuleFile => ({ file, document: rule })

function ask(json = false) {
  const lines: string[] = []
  const deps: RulesDeps = {
    kafka,
    registry,
    databaseUrl: database.url,
    topics,
    log: silentLog,
    by: 'tester@here',
    print: (line) => void lines.push(line),
    judge: lenient,
    json,
    waitMs: 0,
  }
  return { lines, deps }
}

/** What `bootstrap` says when these files ship. */
async function start(...rules: readonly Rule[]): Promise<readonly string[]> {
  const notices: string[] = []
  const deps = {
    databaseUrl: database.url,
    config,
    log: silentLog,
    judge: lenient,
    notice: (line: string) => void notices.push(line),
  }
  await takeRules(
    deps,
    rules.map((rule) => fileOf(rule, `/somewhere/${rule.id}.json`)),
  )
  return notices
}
const set = () => newestDocument(database.pool, 'rules')
const activeOf = async (id: string): Promise<unknown> => {
  const { rows } = await database.pool.query<{ active: number | null }>(
    'select active_version::int as active from rule_states where rule_id = $1',
    [id],
  )
  return rows[0]?.active
}

describe('the rules that ship', () => {
  test('are taken once, all in one epoch, active', async () => {
    expect(await start(ruleOf('one'), ruleOf('two'))).toEqual([])
    const first = await set()
    expect(first).toMatchObject({ epoch: 1, author: 'bootstrap', body: { rules: [{ id: 'one' }, { id: 'two' }] } })
    expect(await start(ruleOf('one'), ruleOf('two'))).toEqual([])
    expect((await set())?.epoch).toBe(1)
  })

  test('that were edited are new versions only if the version rose; else it is told', async () => {
    expect(await start(ruleOf('one', 1, 99), ruleOf('two'))).toEqual([
      expect.stringMatching(/^rules\/one\.json: .*version 1 .*raise/),
    ])
    expect(await activeOf('one')).toBe(1)
    expect(await start(ruleOf('one', 2, 99), ruleOf('two'))).toEqual([])
    expect(await activeOf('one')).toBe(2)
    // An older file, as after a roll-back of the code, takes nothing back.
    expect(await start(ruleOf('one', 1))).toEqual([])
    expect(await activeOf('one')).toBe(2)
  })

  test('that somebody silenced stay silent, and those that were deleted stay away', async () => {
    const { deps } = ask()
    await doWithRule(deps, { kind: 'deactivate', id: 'two', shadow: false })
    await start(ruleOf('two', 2))
    expect(await activeOf('two')).toBeNull()
    await doWithRule(deps, { kind: 'delete', id: 'two', ifMatch: undefined })
    await start(ruleOf('two', 3))
    expect(JSON.stringify((await set())?.body)).not.toContain('"two"')
  })

  test('that are wrong are told and left out; the others are taken', async () => {
    const notices = await start(ruleOf('bad', 1, 10, { tags: ['wrong'] }), ruleOf('good'))
    expect(notices).toEqual(['rules/bad.json is not taken: E102 /when There is no "pric".'])
    expect([await activeOf('bad'), await activeOf('good')]).toEqual([undefined, 1])
  })
})

describe('crosstide rules', () => {
  test('apply writes a folder, all of it or nothing', async () => {
    await writeFile(join(folder, 'b.json'), JSON.stringify(ruleOf('b')))
    await writeFile(join(folder, 'a.json'), JSON.stringify([ruleOf('a'), ruleOf('wrong', 1, 10, { tags: ['wrong'] })]))
    await writeFile(join(folder, 'notes.txt'), 'no rule')
    const files = await loadRuleFiles([folder])
    expect(files.map(({ file }) => file.slice(folder.length))).toEqual(['/a.json #1', '/a.json #2', '/b.json'])
    const first = ask()
    expect(await applyFiles(first.deps, files, true)).toBe(2)
    expect(first.lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/a\.json #2 \/when: error E102/),
        '    spreadBps > 10',
        '    ^^^^',
        'nothing was changed',
      ]),
    )
    expect(await activeOf('a')).toBeUndefined()
    const epoch = (await set())?.epoch ?? 0
    const second = ask()
    // Nobody publishes here.
    expect(
      await applyFiles(
        second.deps,
        files.filter(({ file }) => !file.includes('#2')),
        true,
      ),
    ).toBe(1)
    expect((await set())?.epoch).toBe(epoch + 1)
    expect(second.lines.at(-1)).toContain('no publisher runs')
    const again = ask()
    expect(
      await applyFiles(
        again.deps,
        files.filter(({ file }) => !file.includes('#2')),
        true,
      ),
    ).toBe(0)
    expect(again.lines).toEqual(['a: version 1 stays as it is', 'b: version 1 stays as it is'])
  })

  test('apply without activating keeps what is active', async () => {
    expect(await applyFiles(ask().deps, [fileOf(ruleOf('a', 2))], false)).toBe(0)
    expect(await activeOf('a')).toBe(1)
  })

  test('activate, rollback and delete say what was done, and why not', async () => {
    const { deps, lines } = ask()
    await doWithRule(deps, { kind: 'activate', id: 'a', version: undefined, shadow: false })
    expect(lines).toContain('a: version 2')
    expect(await activeOf('a')).toBe(2)
    await doWithRule(deps, { kind: 'rollback', id: 'a' })
    expect(await activeOf('a')).toBe(1)
    const refused = ask()
    expect(await doWithRule(refused.deps, { kind: 'activate', id: 'nobody', version: undefined, shadow: false })).toBe(
      2,
    )
    expect(refused.lines[0]).toBe('nobody: there is no rule nobody')
  })

  test('list and show tell how far a rule has come', async () => {
    const list = ask()
    await listRules(list.deps)
    expect(list.lines.join('\n')).toMatch(/\na +2 +1 +waiting +tester@here/)
    const show = ask(true)
    await showRule(show.deps, 'a', 1)
    expect(JSON.parse(show.lines[0] ?? '')).toMatchObject({
      version: 1,
      document: ruleOf('a'),
      activation: { activeVersion: 1 },
    })
    await expect(showRule(ask().deps, 'a', 7)).rejects.toMatchObject({ code: 'WRONG_USE' })
  })

  test('several are deleted together, or none of them', async () => {
    const ids = ['one-of-two', 'two-of-two']
    const { deps } = ask()
    // Nobody publishes here: what becomes active waits.
    await applyFiles(
      { ...deps, waitMs: 0 },
      ids.map((id) => fileOf(ruleOf(id))),
      false,
    )
    const gone = (...names: readonly string[]) =>
      names.map((id) => ({ kind: 'delete', id, ifMatch: undefined }) as const)
    expect(await doWithRule({ ...deps, waitMs: 0 }, ...gone(...ids, 'never-was'))).toBe(2)
    await expect(showRule(ask().deps, 'one-of-two', undefined)).resolves.toBe(0)
    await doWithRule({ ...deps, waitMs: 0 }, ...gone(...ids))
    for (const id of ids) await expect(showRule(ask().deps, id, undefined)).rejects.toMatchObject({ code: 'WRONG_USE' })
  })

  test('validate needs no pipeline: it judges files beside each other', () => {
    const { deps, lines } = ask()
    expect(validateFiles(deps, [fileOf(ruleOf('fine'))])).toBe(0)
    expect(validateFiles(deps, [fileOf(ruleOf('fine')), fileOf({ id: 'a\0' }), fileOf({})])).toBe(2)
    expect(lines.at(-1)).toMatch(/^\d+ error\(s\) in 3 rule\(s\)$/)
  })
})

describe('files outside the repository', () => {
  test.each(['validate', 'test'])('are judged by the configuration that ships, which is said: %s', async (verb) => {
    const file = join(folder, 'outside.json')
    await writeFile(file, JSON.stringify(ruleOf('outside')))
    const command = [resolve('cli/crosstide.js'), 'rules', verb, file]
    const { CROSSTIDE_CONFIG: _, ...environment } = process.env
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: folder, env: environment })
    expect(stderr).toBe('no crosstide.config.json here: judged by the exchanges and symbols that ship with crosstide\n')
    expect(stdout).toContain(verb === 'validate' ? 'valid: 1 rule(s)' : 'passed: 0 test(s)')
  })
})
