import { execFile } from 'node:child_process'
import { readFile, readdir, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { PipelineError } from '../core/errors.ts'

const run = promisify(execFile)
const LISTENING = '0A'

/** Who listens on a port. Another user's process may be hidden from us: then it has no pid. */
export type PortHolder = { readonly pid?: number; readonly command?: string }

/** Who listens on a TCP port of this machine, `undefined` if nobody does. */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  return process.platform === 'linux' ? holderByProc(port) : holderByLsof(port)
}

/** Throws PORT_BUSY, which names the port, who holds it and the variable that moves us elsewhere. */
export async function assertPortFree(port: number, name: string, variable: string): Promise<void> {
  const holder = (await portHolder(port)) ?? ((await canBind(port)) ? undefined : {})
  if (holder === undefined) return
  const { pid, command } = holder
  const who = pid === undefined ? 'another process' : `pid ${pid}${command === undefined ? '' : ` (${command})`}`
  throw new PipelineError(
    'PORT_BUSY',
    `port ${port} for ${name} is held by ${who}; end it, or set ${variable} to another port`,
  )
}

/** A port that is free now; another process may take it before you do. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new TypeError('a TCP server without a port')
  return address.port
}

/** Pure: inodes of the sockets that listen on a port, from the text of `/proc/net/tcp` or `tcp6`. */
export function listeningInodes(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.split(':')[1] === wanted && fields[3] === LISTENING)
    .flatMap((fields) => fields[9] ?? [])
}

/** Pure: pid and command in what `lsof -F pc` prints. */
export function parseLsof(text: string): PortHolder | undefined {
  const field = (letter: string): string | undefined =>
    text
      .split('\n')
      .find((line) => line.startsWith(letter))
      ?.slice(1)
  const pid = field('p')
  const command = field('c')
  if (pid === undefined) return undefined
  return { pid: Number(pid), ...(command === undefined ? {} : { command }) }
}

async function holderByProc(port: number): Promise<PortHolder | undefined> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  )
  const sockets = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`))
  if (sockets.size === 0) return undefined
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    // A process ends while we look, or is another user's: it is passed over.
    const names = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
    if (!links.some((link) => sockets.has(link))) continue
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const command = shorten(line.split('\0').join(' ').trim())
    return { pid: Number(pid), ...(command === '' ? {} : { command }) }
  }
  return {}
}

async function holderByLsof(port: number): Promise<PortHolder | undefined> {
  const answer = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-F', 'pc']).catch(() => undefined)
  return answer === undefined ? undefined : parseLsof(answer.stdout)
}

/** A broker's class path alone is several thousand characters. */
const shorten = (command: string): string => (command.length > 80 ? `${command.slice(0, 77)}...` : command)

async function canBind(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
