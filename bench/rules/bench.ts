import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatTable } from '../../cli/table.ts'
import { PipelineError } from '../../core/errors.ts'
import type { Variables } from '../../dev/java.ts'
import { measureEsper } from './esper.ts'
import { COUNTS, JOBS, type Job } from './jobs.ts'
import { readMeasured, type Measured } from './measured.ts'

const run = promisify(execFile)
const OURS = fileURLToPath(new URL('ours.ts', import.meta.url))
const JSON_RULES = fileURLToPath(new URL('json-rules.ts', import.meta.url))
const RUNS = 3

type Deps = { readonly variables: Variables; readonly say: (text: string) => void }

/**
 * The jobs of arbitrage.md section 9 as JSON rules, one program after the other on one machine: ours, Esper 9 where there are Java
 * and Maven, json-rules-engine on J4. A rate is shown only where the matches are the stated ones.
 */
export async function benchRules({ variables, say }: Deps, jobs: readonly Job[] = JOBS): Promise<string> {
  const rows: (readonly string[])[] = []
  for (const job of jobs) {
    say(`${job} …`)
    const ours = await measure(OURS, [job, String(RUNS)])
    const esper = await measureEsper(variables, job, RUNS).catch((error: unknown) => {
      if (error instanceof PipelineError) return say(error.message)
      throw error
    })
    rows.push(row('crosstide', ours, esper))
    if (esper !== undefined) rows.push(row('Esper 9.0.0', esper))
    if (job === 'J4') rows.push(row('json-rules-engine 7.3.1', await measure(JSON_RULES, []), undefined, false))
  }
  return [
    formatTable(
      [
        'job',
        'program',
        'matches',
        'events/s',
        'of Esper',
        'per CPU s',
        'of Esper',
        'p50 µs',
        'p99',
        'p99.9',
        'RSS MiB',
      ],
      rows,
    ),
    'One thread each, objects in memory. Events/s: the fastest of three runs; per CPU s: of the thread’s own time, the cheapest run; p50 …: per event, in a run that times each.',
  ].join('\n\n')
}

const measure = async (program: string, args: readonly string[]): Promise<Measured> =>
  readMeasured((await run(process.execPath, ['--max-semi-space-size=32', program, ...args])).stdout)

function row(program: string, measured: Measured, esper?: Measured | void, isWhole = true): readonly string[] {
  const { job, matches, eventsPerSecond, eventsPerCpuSecond, p50Nanos, p99Nanos, p999Nanos, rssKib } = measured
  const wanted = JOBS.find((one) => one === job)
  const isRight = !isWhole || (wanted !== undefined && COUNTS[wanted].matches === matches)
  const micros = (nanos: number): string => (nanos / 1000).toFixed(2)
  return [
    job,
    program,
    isWhole ? matches.toLocaleString('en') : 'of 400 events',
    isRight ? eventsPerSecond.toLocaleString('en') : `wrong: ${wanted && COUNTS[wanted].matches} wanted`,
    esper ? `${(eventsPerSecond / esper.eventsPerSecond).toFixed(2)} ×` : '',
    eventsPerCpuSecond.toLocaleString('en'),
    esper ? `${(eventsPerCpuSecond / esper.eventsPerCpuSecond).toFixed(2)} ×` : '',
    micros(p50Nanos),
    micros(p99Nanos),
    micros(p999Nanos),
    (rssKib / 1024).toFixed(0),
  ]
}
