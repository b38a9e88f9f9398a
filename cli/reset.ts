import { rm, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { join } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import { claim } from '../dev/claim.ts'
import { endLeftovers } from '../dev/process.ts'
import { LOCK } from '../dev/stack.ts'
import type { Environment, Source } from '../io/environment.ts'
import { dataDirectory } from './endpoints.ts'

/**
 * `crosstide reset`: deletes a source's data directory (Kafka's log, database, registry, logs), so that the next start is a
 * first one. Refuses while a pipeline runs on it. Data of external services is not touched.
 */
export async function reset(environment: Environment, source: Source, yes: boolean): Promise<number> {
  const directory = dataDirectory(environment, source)
  if (!(await isDataDirectory(directory))) {
    process.stderr.write(`nothing to reset: ${directory} holds no crosstide data\n`)
    return 0
  }
  if (!yes && !(await confirmed(directory))) return 1
  const lock = await claim(join(directory, LOCK))
  if ('holder' in lock) {
    throw new PipelineError(
      'WRONG_USE',
      `a pipeline is running on ${directory} (pid ${lock.holder.pid}); stop it first`,
    )
  }
  await endLeftovers(directory)
  await rm(directory, { recursive: true, force: true })
  process.stderr.write(`${directory} is gone; the next start begins anew\n`)
  return 0
}

/** Only what `up` made is ever deleted, whatever CROSSTIDE_DATA_DIR says. */
async function isDataDirectory(directory: string): Promise<boolean> {
  const found = await Promise.all(
    ['logs', 'kafka', 'postgres'].map((name) =>
      stat(join(directory, name)).then(
        (one) => one.isDirectory(),
        () => false,
      ),
    ),
  )
  return found.some(Boolean)
}

async function confirmed(directory: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new PipelineError('WRONG_USE', 'reset deletes data; say --yes where nobody can be asked')
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`Delete everything in ${directory}? [y/N] `)
  prompt.close()
  return /^y(es)?$/i.test(answer.trim())
}
