import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { PipelineError } from '../../core/errors.ts'
import { calmLine, episodeLine } from './episode-script.ts'
import { SIMULATED } from './exchanges.ts'

const common = { atMs: z.number().min(0), exchange: z.enum(SIMULATED) }
const symbol = z.string().optional()

const fault = z.discriminatedUnion('do', [
  /** Closes every socket of the exchange; 1006 without a closing frame. */
  z.strictObject({ ...common, do: z.literal('disconnect'), code: z.int().min(1000).max(4999).default(1001) }),
  /** Sockets that are open now are neither written to nor answered, and stay open. */
  z.strictObject({ ...common, do: z.literal('stall'), forMs: z.number().positive().default(10_000) }),
  /** The last trade frame comes once more. */
  z.strictObject({ ...common, do: z.literal('duplicate'), symbol }),
  /** Trades that are numbered but never sent. */
  z.strictObject({ ...common, do: z.literal('sequence-gap'), symbol, count: z.int().min(1).max(1000).default(3) }),
  /** The first half of a frame. */
  z.strictObject({ ...common, do: z.literal('malformed'), symbol, count: z.int().min(1).max(1000).default(1) }),
])

/** What the simulator shall do wrong, `atMs` after the first client connected. */
export type Fault = z.infer<typeof fault>

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
