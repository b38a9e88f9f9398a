import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { javaEnvironment, requireJava, type Variables } from '../../dev/java.ts'
import { classPathOf } from '../maven.ts'
import type { Job } from './jobs.ts'
import { readMeasured, type Measured } from './measured.ts'

const run = promisify(execFile)
const PROJECT = fileURLToPath(new URL('../esper/', import.meta.url))

/** A job on Esper 9, in a process of its own: the fastest of `runs`. Throws where there is no Java or Maven. */
export async function measureEsper(variables: Variables, job: Job, runs: number): Promise<Measured> {
  const { java } = await requireJava(variables)
  const classPath = await classPathOf(variables, java, PROJECT, 'esper')
  const { stdout } = await run(java, ['-Xmx2g', '-cp', classPath, 'crosstide.Jobs', String(runs), job], {
    env: { ...javaEnvironment(variables) },
  })
  return readMeasured(stdout)
}
