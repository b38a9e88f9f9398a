import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { PipelineError } from '../../core/errors.ts'
import { calmLine, episodeLine } from './episode-script.ts'
import { fault } from './fault-script.ts'

const scriptLine = z.discriminatedUnion('do', [fault, episodeLine, calmLine])
/** A fault, or what shall happen to the market. */
export type ScriptLine = z.infer<typeof scriptLine>

/** Pure: the lines of a script (JSON lines; empty ones and those that begin with # are passed over), in the order of time. */
export function parseScript(text: string, source: string): readonly ScriptLine[] {
  const faults: ScriptLine[] = []
  const problems: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const parsed = scriptLine.safeParse(parseJson(line))
    if (parsed.success) faults.push(parsed.data)
    else
      problems.push(
        ...parsed.error.issues.map(({ path, message }) => `  line ${index + 1}: ${path.join('.')}: ${message}`),
      )
  }
  if (problems.length > 0) throw new PipelineError('BAD_CONFIG', [`${source} has problems:`, ...problems].join('\n'))
  return faults.toSorted((one, other) => one.atMs - other.atMs)
}

/** One fault of a command line: `kraken:disconnect:atMs=5000:code=1012`. */
export function faultLine(argument: string): string {
  const [exchange, what, ...fields] = argument.split(':')
  const values = fields.map((field): readonly [string, unknown] => {
    const [name = '', text = ''] = field.split('=')
    return [name, parseJson(text) ?? text]
  })
  return JSON.stringify({ atMs: 0, ...Object.fromEntries(values), exchange, do: what })
}

/** Reads a script; throws BAD_CONFIG naming each bad line. */
export async function loadScript(file: string): Promise<readonly ScriptLine[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new PipelineError('BAD_CONFIG', `cannot read the script ${file}`, { cause })
  })
  return parseScript(text, file)
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
