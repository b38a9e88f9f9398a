import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { PipelineError } from '../../core/errors.ts'
import { MICROS_PER_SECOND } from '../../core/time.ts'
import { eventsOf } from './events.ts'
import { COUNTS, JOBS, RULES } from './jobs.ts'
import { startRules } from './run.ts'

/*
 * A job on our engine, in a process of its own: `node bench/rules/ours.ts J1 3`, the fastest of three runs. Prints a line for
 * measured.ts, and on standard error a hash of the matches.
 */
const [name, runs = '3'] = process.argv.slice(2)
const job = JOBS.find((one) => one === name)
if (job === undefined) throw new PipelineError('WRONG_USE', `jobs are: ${JOBS.join(', ')}`)
const events = eventsOf(job, COUNTS[job].events)

let fastest = 0
let cheapest = Infinity
let matches = 0
for (let run = 0; run < Number(runs); run++) {
  matches = 0
  const running = startRules(RULES[job], () => void (matches += 1))
  const startedAt = performance.now()
  const before = process.threadCpuUsage()
  for (const event of events) running.step(event)
  const { user, system } = process.threadCpuUsage(before)
  fastest = Math.max(fastest, events.length / ((performance.now() - startedAt) / 1000))
  cheapest = Math.min(cheapest, user + system)
}

const hash = createHash('sha256')
const timed = startRules(
  RULES[job],
  ({ ruleId, at, key }) => void hash.update(`${ruleId} ${at} ${JSON.stringify(key)}\n`),
)
const nanos = new Float64Array(events.length)
for (const [index, event] of events.entries()) {
  const from = process.hrtime.bigint()
  timed.step(event)
  nanos[index] = Number(process.hrtime.bigint() - from)
}
nanos.sort()
const at = (share: number): number => nanos[Math.floor(nanos.length * share)] ?? 0
const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
const measured = {
  job,
  matches,
  eventsPerSecond: Math.round(fastest),
  eventsPerCpuSecond: Math.round(events.length / (cheapest / MICROS_PER_SECOND)),
  p50Nanos: at(0.5),
  p99Nanos: at(0.99),
  p999Nanos: at(0.999),
  rssKib: Number(rss ?? 0),
}
process.stderr.write(`${job}: matches ${hash.digest('hex').slice(0, 16)}\n`)
process.stdout.write(`${JSON.stringify(measured)}\n`)
