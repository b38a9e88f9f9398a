import { readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { PipelineError } from '../core/errors.ts'

const unzip = promisify(gunzip)

/** One recorded session as it lies on disk: a folder of text files, each perhaps gzipped. */
export type SessionFiles = {
  readonly name: string
  readonly files: readonly { readonly name: string; readonly text: string }[]
}

/** Recorded files end in the recorder's connection number: `BINANCE.ws.1.0.gz`. */
const RECORDED = /\.\d+(\.gz)?$/

/**
 * Reads recorded sessions: `dir` is one (it holds recorded files) or a folder of some. Throws WRONG_USE if it is neither.
 * Sessions and files come sorted by name.
 */
export async function readSessions(dir: string): Promise<readonly SessionFiles[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause: unknown) => {
    throw new PipelineError('WRONG_USE', `cannot read the recording ${dir}`, { cause })
  })
  const own = await readSession(dir)
  if (own !== undefined) return [own]
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const sessions: SessionFiles[] = []
  for (const name of folders.toSorted()) {
    const session = await readSession(join(dir, name))
    if (session !== undefined) sessions.push(session)
  }
  if (sessions.length === 0) throw new PipelineError('WRONG_USE', `no recorded session in ${dir}`)
  return sessions
}

async function readSession(dir: string): Promise<SessionFiles | undefined> {
  const names = (await readdir(dir)).filter((name) => RECORDED.test(name)).toSorted()
  if (names.length === 0) return undefined
  const files = names.map(async (name) => ({ name, text: await readText(join(dir, name)) }))
  return { name: basename(resolve(dir)), files: await Promise.all(files) }
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file)
  return (file.endsWith('.gz') ? await unzip(bytes) : bytes).toString('utf8')
}
