import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { claim, readHolder } from '../../dev/claim.ts'
import { isAlive, parseStartTicks, startTimeOf } from '../../dev/identity.ts'
import { endLeftovers, lastLines, parsePidRecord, readPidFiles, startProcess, type Running } from '../../dev/process.ts'
import { keepBounded } from '../../dev/rotation.ts'

let dataDir = ''
const started: Running[] = []
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'crosstide-process-'))
})
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop(0)
  await rm(dataDir, { recursive: true, force: true })
})

async function run(script: string, options: { readonly ipc?: boolean } = {}): Promise<Running> {
  const spec = { name: 'child', command: process.execPath, args: ['-e', script], env: process.env, dataDir, ...options }
  const running = await startProcess(spec)
  started.push(running)
  return running
}

const WAIT = 'setInterval(() => 0, 1000); console.log("ready")'
const DEAF = `process.on("SIGTERM", () => console.log("heard")); ${WAIT}`
const ready = (one: Running): Promise<void> =>
  vi.waitFor(async () => expect(await lastLines(one)).toContain('ready'), 5000)
const pidFile = (): string => join(dataDir, 'pids', 'child.json')

describe('a process', () => {
  test('leads a group of its own, so that Ctrl-C in the terminal does not reach it', async () => {
    const { pid } = await run(WAIT)
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    expect(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]).toBe(String(pid))
  })

  test('is known by pid and start time while it runs, and leaves no pid file', async () => {
    const one = await run(WAIT)
    const [record] = await readPidFiles(dataDir)
    expect(record).toEqual({ name: 'child', pid: one.pid, startTime: startTimeOf(one.pid), stopSignal: 'SIGTERM' })
    await one.stop(2000)
    expect(await readPidFiles(dataDir)).toEqual([])
  })

  test('is asked to end, then killed when the deadline has passed', async () => {
    const polite = await run(WAIT)
    expect(await polite.stop(5000)).toEqual({ code: undefined, signal: 'SIGTERM' })
    const deaf = await run(DEAF)
    await ready(deaf)
    expect(await deaf.stop(200)).toEqual({ code: undefined, signal: 'SIGKILL' })
    expect(await lastLines(deaf)).toContain('heard')
    expect(await deaf.stop(200)).toEqual({ code: undefined, signal: 'SIGKILL' })
  })

  test('tells its parent over IPC where that is asked for', async () => {
    const one = await run('process.send({ port: 7 }); process.on("disconnect", () => process.exit(3))', { ipc: true })
    expect(await once(one.child, 'message')).toMatchObject([{ port: 7 }, undefined])
    one.child.disconnect()
    expect(await one.exited).toEqual({ code: 3, signal: undefined })
  })

  test('ends with a parent that crashes', async () => {
    const module = new URL('../../dev/process.ts', import.meta.url).href
    const parent = await run(`(async () => {
      const { startProcess } = await import(${JSON.stringify(module)})
      const spec = { command: process.execPath, args: ['-e', ${JSON.stringify(WAIT)}], env: process.env, dataDir: ${JSON.stringify(dataDir)} }
      console.log((await startProcess({ ...spec, name: 'grandchild' })).pid)
      throw new Error('crash')
    })()`)
    expect(await parent.exited).toEqual({ code: 1, signal: undefined })
    const [pid] = (await readFile(parent.logFile, 'utf8')).split('\n')
    await vi.waitFor(() => expect(startTimeOf(Number(pid))).toBeUndefined())
  })

  test('that cannot be started is a failure with its name', async () => {
    const spec = { name: 'child', command: join(dataDir, 'nothing'), args: [], env: {}, dataDir }
    await expect(startProcess(spec)).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringContaining('cannot start child'),
    })
  })

  test('shows the last words of this run only, without stack traces', async () => {
    await (
      await run('console.log("old words")')
    ).exited
    const one = await run(
      'console.log("new words\\n\\tat java.Lang(Main.java:1)\\n\\t... 4 more\\nlast"); process.exit(1)',
    )
    await one.exited
    expect(await lastLines(one)).toBe('new words\nlast')
  })
})

describe('leftovers of a killed parent', () => {
  test('are ended where pid and start time both match', async () => {
    const one = await run(DEAF)
    await ready(one)
    const ended = await endLeftovers(dataDir, 300)
    expect(ended).toMatchObject([{ name: 'child', pid: one.pid }])
    expect(await one.exited).toEqual({ code: undefined, signal: 'SIGKILL' })
    expect(await readPidFiles(dataDir)).toEqual([])
  })

  test('are spared where the pid was given to another process since', async () => {
    const one = await run(WAIT)
    const [record] = await readPidFiles(dataDir)
    const boot = record?.startTime.split(':')[0] ?? ''
    await writeFile(pidFile(), JSON.stringify({ ...record, startTime: `${boot}:1` }))
    expect(await endLeftovers(dataDir, 300)).toEqual([])
    expect(isAlive({ pid: one.pid, startTime: startTimeOf(one.pid) ?? '' })).toBe(true)
    expect(await readPidFiles(dataDir)).toEqual([])
  })

  test('are none where there is no data directory', async () => {
    expect(await endLeftovers(join(dataDir, 'nowhere'))).toEqual([])
  })

  test.each(['', 'x', '[]', '{"name":"a","pid":1,"startTime":"b:1"}', '{"name":"a","pid":-1,"startTime":"b:1"}'])(
    'are never looked for by the pid file %j',
    (text) => expect(parsePidRecord(text)).toBeUndefined(),
  )
})

describe('a start time', () => {
  test('is field 22, also behind a name of blanks and brackets', () => {
    // proc(5): the command's name stands in brackets and may hold anything; the start time is the 22nd field.
    const rest = 'S 1 22 33 0 -1 4194560 1 0 0 0 5 3 0 0 20 0 1 0 987654 1000 200'
    expect(parseStartTicks(`4242 (tmux: server) x) ${rest}`)).toBe('987654')
    expect(parseStartTicks(`4242 (node) Z${rest.slice(1)}`)).toBeUndefined()
    expect(parseStartTicks('')).toBeUndefined()
  })

  test('differs between processes and is gone with its process', async () => {
    const child = spawn('sleep', ['5'])
    const pid = child.pid ?? 0
    expect(startTimeOf(pid)).not.toBe(startTimeOf(process.pid))
    expect(startTimeOf(pid)).toBe(startTimeOf(pid))
    child.kill()
    await once(child, 'exit')
    expect(startTimeOf(pid)).toBeUndefined()
  })
})

describe('a claim', () => {
  const file = (): string => join(dataDir, 'lock')
  const other = async (): Promise<string> => {
    const child = await run(WAIT)
    return JSON.stringify({ name: 'crosstide', pid: child.pid, startTime: startTimeOf(child.pid) })
  }

  test('is refused while its holder lives, and taken over when it is dead', async () => {
    await mkdir(dataDir, { recursive: true })
    await writeFile(file(), await other())
    expect(await claim(file())).toMatchObject({ holder: { pid: started[0]?.pid } })
    await started[0]?.stop(1000)
    const taken = await claim(file())
    expect(taken).toHaveProperty('claim')
    expect(await readHolder(file())).toMatchObject({ pid: process.pid })
    if ('claim' in taken) await taken.claim.release()
    expect(await readHolder(file())).toBeUndefined()
  })
})

describe('a log', () => {
  test('is kept below its size while another process appends to it', async () => {
    const one = await run('setInterval(() => console.log("x".repeat(1000)), 1)')
    const stop = keepBounded(one.logFile, 20_000, 20)
    await vi.waitFor(async () => expect((await readFile(`${one.logFile}.1`)).length).toBeGreaterThan(0), 5000)
    await one.stop(1000)
    stop()
    // It was emptied, not only copied, and its writer went on at the start of the file.
    const log = await readFile(one.logFile)
    expect(log.length).toBeLessThan(200_000)
    expect(log.includes(0)).toBe(false)
  })
})
