import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askPython as ask, ensurePython } from '../../dev/python.ts'

const REQUIREMENTS = join(fileURLToPath(new URL('../..', import.meta.url)), 'tests/interop/requirements.txt')

/**
 * A Python with the clients of `tests/interop/requirements.txt`. `undefined` where there is no Python or no package index,
 * with the reason printed; with `CI` set that is a failure.
 */
export const interopPython = (): Promise<string | undefined> =>
  pythonWith(REQUIREMENTS, 'confluent_kafka, fastavro', 'interoperability')

/** The same with what another file of requirements lists; `imports` prove that it is there, `purpose` is said in a refusal. */
export async function pythonWith(requirements: string, imports: string, purpose: string): Promise<string | undefined> {
  try {
    return await ensurePython(requirements, imports)
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    if (process.env['CI'])
      throw new Error(`the tests of ${purpose} need Python 3 with venv: ${reason}`, { cause: error })
    process.stderr.write(`${purpose} with Python skipped: ${reason}\n`)
    return undefined
  }
}

/** Runs a script with one JSON document in and one out. */
export const askPython = (python: string, script: string, mode: string, job: object): Promise<unknown> =>
  ask(python, script, [mode], job)
