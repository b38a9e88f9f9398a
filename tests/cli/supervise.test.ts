import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { superviseRole, type RoleEvents } from '../../cli/supervisor.ts'

const folder = mkdtempSync(join(tmpdir(), 'crosstide-supervise-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A role that runs `script` with `again` telling whether it ran before. */
function role(name: string, script: string, more: Pick<RoleEvents, 'mayStart'> = {}) {
  const marker = join(folder, `${name}.marker`)
  const file = join(folder, `${name}.mjs`)
  writeFileSync(
    file,
    `import { existsSync, writeFileSync } from 'node:fs'
const again = existsSync(${JSON.stringify(marker)})
writeFileSync(${JSON.stringify(marker)}, '')
const ready = () => process.send({ kind: 'ready', opsPort: 1, facts: {} })
process.on('SIGTERM', () => process.exit(0))
setInterval(() => undefined, 1000)
${script}`,
  )
  const said: string[] = []
  const events: RoleEvents = {
    restarted: (_, exit) => said.push(`restarted ${exit.code}`),
    replaced: () => said.push('replaced'),
    gaveUp: (_, exit) => said.push(`gave up ${exit.code}`),
    ...more,
  }
  const spec = { name, command: process.execPath, args: [file], env: process.env, dataDir: folder }
  return { said, start: () => superviseRole(spec, events), ran: () => existsSync(marker) }
}

describe('a supervised role', () => {
  test('is started again when it dies', async () => {
    const { said, start } = role('dies', 'ready(); if (!again) setTimeout(() => process.exit(1), 50)')
    const supervised = await start()
    await expect.poll(() => said, { timeout: 5000 }).toEqual(['restarted 1', 'replaced'])
    await supervised.stop(1000)
  })

  test('is held back while what it needs is coming back, and stopped promptly meanwhile', async () => {
    let comesBack = (): void => undefined
    const back = new Promise<void>((resolve) => (comesBack = resolve))
    const script = 'ready(); if (!again) setTimeout(() => process.exit(1), 50)'
    const held = role('held', script, { mayStart: () => back })
    const supervised = await held.start()
    await expect.poll(() => held.said, { timeout: 5000 }).toEqual(['restarted 1'])
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(held.said).toEqual(['restarted 1'])
    comesBack()
    await expect.poll(() => held.said, { timeout: 5000 }).toEqual(['restarted 1', 'replaced'])
    await supervised.stop(1000)

    const never = role('never', script, { mayStart: () => new Promise(() => undefined) })
    const waiting = await never.start()
    await expect.poll(() => never.said, { timeout: 5000 }).toEqual(['restarted 1'])
    await waiting.stop(1000)
  })

  test('is given up at once when it ends with exit code 2, also when that happens as it is started again', async () => {
    const { said, start } = role(
      'refuses',
      'if (again) process.exit(2); ready(); setTimeout(() => process.exit(1), 50)',
    )
    const supervised = await start()
    await expect.poll(() => said, { timeout: 5000 }).toEqual(['restarted 1', 'gave up 2'])
    await supervised.stop(1000)
  })

  test('that never becomes ready fails the start with its last words', async () => {
    const { start } = role('mute', "console.error('no room'); process.exit(1)")
    await expect(start()).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringMatching(/mute ended with exit code 1[^]*no room/),
    })
  })

  test('is stopped promptly while it is being started again', async () => {
    const { said, start } = role('slow', 'if (!again) { ready(); setTimeout(() => process.exit(1), 50) }')
    const supervised = await start()
    await expect.poll(() => said, { timeout: 5000 }).toEqual(['restarted 1'])
    await new Promise((resolve) => setTimeout(resolve, 600))
    const begun = performance.now()
    await supervised.stop(1000)
    expect(performance.now() - begun).toBeLessThan(3000)
  })
})
