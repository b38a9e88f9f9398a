import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { askPython, ensurePython } from '../dev/python.ts'

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url))
const SCRIPT = fileURLToPath(new URL('theirs.py', import.meta.url))

/** What a decoder made of frames, and how many of them a second of processor time is enough for. */
export type Decoding = { readonly trades: number; readonly quotes: number; readonly framesPerSecond: number }

export type CryptofeedJob = {
  /** Its name of the exchange. */
  readonly feed: string
  /** The recording's file of instrument lists. */
  readonly list: string
  readonly frames: readonly string[]
  /** Books and candles are parsed as JSON, but nothing is made of them: as we do. */
  readonly passOver: boolean
  readonly warmUpSeconds: number
  readonly seconds: number
}

export type Cryptofeed = { readonly version: string; measure(job: CryptofeedJob): Promise<Decoding> }

/** cryptofeed's own message handlers, in a Python of ours; a text says why there are none. */
export async function openCryptofeed(): Promise<Cryptofeed | string> {
  try {
    const python = await ensurePython(REQUIREMENTS, 'cryptofeed')
    const version = (await readFile(REQUIREMENTS, 'utf8')).trim()
    return {
      version,
      measure: async (job) => parseDecoding(await askPython(python, SCRIPT, [], job, 60_000 + job.seconds * 10_000)),
    }
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
  }
}

function parseDecoding(answer: unknown): Decoding {
  const numberOf = (name: string): number => {
    const value: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined
    if (typeof value !== 'number') throw new TypeError(`cryptofeed: no ${name}`)
    return value
  }
  return { trades: numberOf('trades'), quotes: numberOf('quotes'), framesPerSecond: numberOf('framesPerSecond') }
}
