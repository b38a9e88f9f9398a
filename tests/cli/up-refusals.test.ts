import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const CROSSTIDE = fileURLToPath(new URL('../../cli/crosstide.js', import.meta.url))

/** What `crosstide up` says where it must not begin, and what it left in its data directory. */
async function refused(flags: readonly string[], variables: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'crosstide-up-'))
  const data = join(folder, 'data')
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], CROSSTIDE_DATA_DIR: data, ...variables }
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [CROSSTIDE, 'up', ...flags], { cwd: folder, env, timeout: 20_000 }, (_, out, errors) =>
      resolve(out + errors),
    )
  })
  const left = await readdir(data).catch(() => [])
  await rm(folder, { recursive: true })
  return { said, left }
}
const config = fileURLToPath(new URL('../../crosstide.config.json', import.meta.url))

test('an API that would be open to all is refused before anything is started', { timeout: 30_000 }, async () => {
  const { said, left } = await refused([], { CROSSTIDE_HOST: '0.0.0.0', CROSSTIDE_CONFIG: config })
  expect(said).toMatch(/CROSSTIDE_HOST is 0\.0\.0\.0.*CROSSTIDE_API_KEYS/)
  expect({ left, started: said.includes('postgres') }).toEqual({ left: [], started: false })
})

test('a recording that is not there is refused before anything is started', { timeout: 30_000 }, async () => {
  const { said, left } = await refused(['--recording', '/nonexistent'], { CROSSTIDE_CONFIG: config })
  expect(said).toContain('cannot read the recording /nonexistent')
  expect({ left, started: said.includes('postgres') }).toEqual({ left: [], started: false })
})
