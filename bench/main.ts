import { rm } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { PipelineError } from '../core/errors.ts'
import { startStack } from '../dev/stack.ts'
import { SIMULATED } from '../dev/simulator/exchanges.ts'
import { loadArbitrage, loadConfig } from '../io/config.ts'
import { parseEnvironment } from '../io/environment.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { createLog } from '../io/log.ts'
import { openRegistry } from '../io/registry.ts'
import { serviceHeartbeatCodec } from '../schemas/codec.ts'
import { catalogue } from '../schemas/topics.ts'
import { benchAdapters } from './adapters.ts'
import {
  HIGHEST_RATE,
  parseAdapterOptions,
  parseJobs,
  parseOpportunityOptions,
  parseOptions,
  parseSimulatorOptions,
  parseStreamsOptions,
  type Options,
} from './options.ts'
import { measureOpens } from './opportunities.ts'
import { startPipeline, type Pipeline } from './pipeline.ts'
import { runProducerPerformance } from './producer-performance.ts'
import { measureRate, type RateDeps, type RateResult } from './rate.ts'
import { benchRules } from './rules/bench.ts'
import { benchSimulator } from './simulator.ts'
import { benchAlone } from './streams/alone.ts'
import { benchStreams } from './streams/bench.ts'
import { createRawTopics, meanBytes, runWriter, sampleValues } from './raw.ts'
import { formatReport, machine, type Raw, type Report } from './report.ts'

const DATA_DIR = join('.crosstide', 'bench')
const OPENS_WARM_UP_MS = 20_000

const say = (text: string): void => void process.stderr.write(`${text}\n`)

try {
  const [what = '', ...args] = process.argv.slice(2)
  const alone = new Map([
    ['adapters', onAdapters],
    ['simulator', onSimulator],
    ['processors', onProcessors],
    ['streams', onStreams],
    ['opportunities', onOpportunities],
    ['rules', onRules],
  ])
  const report = (await alone.get(what)?.(args)) ?? (await onPipeline(process.argv.slice(2)))
  process.stdout.write(`${report}\n`)
} catch (error) {
  say(error instanceof PipelineError ? `bench: ${error.message}` : String(error instanceof Error ? error.stack : error))
  process.exitCode = error instanceof PipelineError && error.code === 'WRONG_USE' ? 2 : 1
}

async function onAdapters(args: readonly string[]): Promise<string> {
  return measuredHere(await benchAdapters({ ...parseAdapterOptions(args), say }))
}

async function onSimulator(args: readonly string[]): Promise<string> {
  const options = parseSimulatorOptions(args)
  const environment = parseEnvironment(process.env)
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  return measuredHere(await benchSimulator({ config, environment, variables: process.env, say }, options))
}

async function onProcessors(): Promise<string> {
  return measuredHere(await benchAlone(say))
}

async function onRules(args: readonly string[]): Promise<string> {
  return measuredHere(await benchRules({ variables: process.env, say }, parseJobs(args)))
}

async function onOpportunities(args: readonly string[]): Promise<string> {
  const { rate, seconds } = parseOpportunityOptions(args)
  const environment = parseEnvironment(process.env)
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const arbitrage = await loadArbitrage(environment.CROSSTIDE_CONFIG)
  const log = createLog('bench', 'error')
  const common = { environment, variables: process.env, config, arbitrage, log, dataDir: DATA_DIR, say }
  const pipeline = await startPipeline({ ...common, brokers: 1 })
  const stopping = stopOnSignal(pipeline)
  const ranges = await openRanges({ brokers: pipeline.stack.brokers, clientId: 'crosstide-bench', log })
  try {
    const running = await pipeline.startRoles(rate)
    say(`${rate} frames/s …`)
    const deps = { ranges, registry: openRegistry(pipeline.stack.registry), topics: catalogue(config.partitions) }
    const table = await measureOpens(deps, running, OPENS_WARM_UP_MS, seconds * 1000)
    await running.stop()
    return measuredHere(`${rate} frames/s, minHold ${arbitrage.minHoldMs} ms\n\n${table}`)
  } finally {
    stopping.forget()
    await ranges.close()
    await pipeline.stop()
  }
}

/** On the broker of KAFKA_BROKERS, else on one of its own. */
async function onStreams(args: readonly string[]): Promise<string> {
  const options = parseStreamsOptions(args)
  const { KAFKA_BROKERS: given } = parseEnvironment(process.env)
  const dataDir = join('.crosstide', 'bench-streams')
  const stack =
    given === undefined
      ? await startStack({
          dataDir,
          ports: { kafka: 0, registry: 0, postgres: 0 },
          external: {},
          variables: process.env,
          onProgress: ({ part, state, detail }) => say(`${part}: ${state} ${detail}`),
        })
      : undefined
  try {
    const kafka = {
      brokers: stack?.brokers ?? given ?? [],
      clientId: 'crosstide-bench',
      log: createLog('bench', 'error'),
    }
    return measuredHere(await benchStreams({ kafka, variables: process.env, say }, options))
  } finally {
    await stack?.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** The load of others on the machine is part of a figure, too. */
function measuredHere(table: string): string {
  const load = loadavg()[0]?.toFixed(1) ?? '-'
  return `${new Date().toISOString().slice(0, 10)}  ${machine()}, Node ${process.version}, load ${load}\n\n${table}`
}

async function onPipeline(args: readonly string[]): Promise<string> {
  const options = parseOptions(args)
  const report = await bench(options)
  return options.json ? JSON.stringify(report, null, 2) : formatReport(report)
}

async function bench(options: Options): Promise<Report> {
  const environment = parseEnvironment(process.env)
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const log = createLog('bench', 'error')
  const pipeline = await startPipeline({
    environment,
    variables: process.env,
    config,
    arbitrage: await loadArbitrage(environment.CROSSTIDE_CONFIG),
    log,
    dataDir: DATA_DIR,
    brokers: options.brokers,
    say,
  })
  const stopping = stopOnSignal(pipeline)
  const kafka = { brokers: pipeline.stack.brokers, clientId: 'crosstide-bench', log }
  const pool = new pg.Pool({ connectionString: pipeline.stack.database, max: 2 })
  const ranges = await openRanges(kafka)
  const topics = catalogue(config.partitions)
  const decoder = openRegistry(pipeline.stack.registry).decoder(serviceHeartbeatCodec)
  const deps = { pool, ranges, topics, figures: { ranges, topic: topics.heartbeats.name, decoder } }

  async function measureRaw(): Promise<Raw> {
    const values = await sampleValues(ranges, topics.ticks)
    const recordBytes = meanBytes(values)
    const raw = await createRawTopics(kafka, topics.ticks)
    say(`ProducerPerformance: records of ${recordBytes} bytes`)
    const theirs = await runProducerPerformance(process.env, kafka.brokers, raw.theirs, recordBytes)
    say('our writer alone')
    return { recordBytes, theirs, ours: await runWriter(kafka, raw.ours, config.partitions, values) }
  }

  try {
    const rates = await measureRates(pipeline, deps, options)
    return {
      machine: machine(),
      node: process.version,
      brokers: options.brokers,
      exchanges: SIMULATED.filter((exchange) => config.exchanges[exchange] !== undefined),
      date: new Date().toISOString().slice(0, 10),
      rates,
      raw: options.raw ? await measureRaw() : undefined,
    }
  } finally {
    stopping.forget()
    await ranges.close()
    await pool.end()
    await pipeline.stop()
  }
}

async function measureRates(pipeline: Pipeline, deps: RateDeps, options: Options): Promise<readonly RateResult[]> {
  const results: RateResult[] = []
  const waiting = [...options.rates]
  for (let rate = waiting.shift(); rate !== undefined; rate = waiting.shift()) {
    say(`${rate} frames/s …`)
    const result = await measureRate(deps, await pipeline.startRoles(rate), rate, options)
    results.push(result)
    say(`${rate} frames/s: ${result.failures.length === 0 ? 'sustained' : result.failures.join('; ')}`)
    const isSustained = result.failures.length === 0
    if (options.doubles && waiting.length === 0 && isSustained && rate * 2 <= HIGHEST_RATE) waiting.push(rate * 2)
    // What the last rate left, checkpoints for instance, is not the next one's.
    await sleep(2000)
  }
  return results
}

/** Ctrl-C leaves no process behind. */
function stopOnSignal(pipeline: Pipeline): { forget(): void } {
  const stop = (): void => {
    say('stopping …')
    void pipeline.stop().finally(() => process.exit(130))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return {
    forget() {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  }
}
