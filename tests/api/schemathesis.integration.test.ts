import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApi } from '../../api/openapi.ts'
import { startApiRig, type ApiRig } from '../support/api.ts'
import { pythonWith } from '../support/python.ts'

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url))
const python = await pythonWith(REQUIREMENTS, 'schemathesis', 'the API fuzzer')

let rig: ApiRig
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-fuzz-'))
  rig = await startApiRig()
})
afterAll(async () => {
  await rig.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What schemathesis finds in a document against the running API, `undefined` if nothing. */
async function findingsOf(document: object, ...options: readonly string[]): Promise<string | undefined> {
  const file = join(folder, 'openapi.json')
  await writeFile(file, JSON.stringify(document))
  const run = ['-m', 'schemathesis.cli', 'run', file, '--url', rig.url, '--checks', 'all', '--continue-on-failure']
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
    expect(await findingsOf(openApi(), '--exclude-checks', 'positive_data_acceptance')).toBeUndefined()
  },
  120_000,
)

test.skipIf(python === undefined)(
  'schemathesis finds no valid request refused, where each parameter is judged by itself',
  async () => {
    const document = openApi()
    const paths = Object.fromEntries(
      Object.entries(document.paths).map(([path, { get }]) => {
        const parameters = get.parameters.filter(({ name }) => name !== 'to' && name !== 'cursor')
        return [path, { get: { ...get, parameters } }]
      }),
    )
    expect(await findingsOf({ ...document, paths })).toBeUndefined()
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
