import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LOCAL } from '../../api/access.ts'
import { openApi } from '../../api/openapi.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { pythonWith } from '../support/python.ts'
import { lenient } from '../support/rules.ts'

const KEY = 'a-key-of-the-fuzzer-0123456789'
/** Without If-Match the answer is 428, as RFC 6585 has it; that is no status it expects by itself. */
const CONFIG = 'checks.missing_required_header.expected-statuses = [400, 401, 403, 406, 415, 422, 428]'
const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url))
const python = await pythonWith(REQUIREMENTS, 'schemathesis', 'the API fuzzer')

let rig: ApiRig
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-fuzz-'))
  await writeFile(join(folder, 'schemathesis.toml'), CONFIG)
  rig = await startApiRig({
    access: { ...LOCAL, localKeyHash: createHash('sha256').update(KEY).digest('hex') },
    requestsPerMinute: { loopback: 60_000, others: 60_000, writes: 60_000 },
    judge: lenient,
  })
})
afterAll(async () => {
  await rig.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What schemathesis finds in a document against the running API, `undefined` if nothing. */
async function findingsOf(document: object, ...options: readonly string[]): Promise<string | undefined> {
  const file = join(folder, 'openapi.json')
  await writeFile(file, JSON.stringify(document))
  const run = [
    '-m',
    'schemathesis.cli',
    'run',
    file,
    '--url',
    rig.url,
    '--checks',
    'all',
    '--continue-on-failure',
    '--header',
    `Authorization: Bearer ${KEY}`,
  ]
  const bounds = ['--max-examples', '25', '--seed', '1', '--generation-database', 'none', '--no-color']
  return new Promise((resolve) => {
    execFile(python ?? '', [...run, ...bounds, ...options], { cwd: folder, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve(error === null ? undefined : `${stdout.slice(-5000)}${stderr.slice(-1000)}`),
    )
  })
}

test.skipIf(python === undefined)(
  'schemathesis finds nothing',
  async () => {
    // That a range ends after its start, within its span, and that a cursor is ours, a schema cannot say: 400 is right.
    // And a silence that DELETE has ended can still be read, with who ended it (that a rule cannot: rules.integration).
    const excluded = 'positive_data_acceptance,use_after_free'
    expect(await findingsOf(openApi(), '--exclude-checks', excluded)).toBeUndefined()
  },
  120_000,
)

test.skipIf(python === undefined)(
  'schemathesis finds no valid request refused, where each parameter is judged by itself',
  async () => {
    const document = openApi()
    const paths = Object.fromEntries(
      Object.entries(document.paths).map(([path, { get, ...others }]) => {
        if (get === undefined) return [path, others]
        const parameters = get.parameters.filter(({ name }) => name !== 'to' && name !== 'cursor')
        return [path, { ...others, get: { ...get, parameters } }]
      }),
    )
    expect(await findingsOf({ ...document, paths }, '--include-method', 'GET')).toBeUndefined()
  },
  120_000,
)

test.skipIf(python === undefined)(
  'schemathesis finds a document that promises what the API does not do',
  async () => {
    const document = openApi()
    const wrong = { ...document.components.schemas, config: { type: 'object', required: ['secrets'] } }
    const lie = { ...document, components: { ...document.components, schemas: wrong } }
    expect(await findingsOf(lie, '--include-operation-id', 'config')).toContain('secrets')
  },
  120_000,
)
