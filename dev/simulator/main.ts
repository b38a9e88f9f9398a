import { loadConfig } from '../../io/config.ts'
import { runService } from '../../io/service.ts'
import { parseFlags } from './flags.ts'
import { instrumentsOf } from './instruments.ts'
import { openJournal } from './journal.ts'
import { LIMITS, scaledLimits } from './limits.ts'
import { drawFaults } from './mischief.ts'
import { faultLine, loadScript, parseScript } from './script.ts'
import { startSimulator } from './simulator.ts'

/** For so long faults by chance are drawn ahead. */
const MISCHIEF_MINUTES = 60

await runService('simulator', async ({ environment, log, metrics }) => {
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const { CROSSTIDE_SIMULATOR_SCRIPT: scriptFile, CROSSTIDE_JOURNAL: journalFile } = environment
  const flags = parseFlags(process.argv.slice(2))
  const seed = environment.CROSSTIDE_SIMULATOR_SEED ?? config.simulator.seed
  const instruments = instrumentsOf(config)
  const exchanges = [...new Set(instruments.map(({ exchange }) => exchange))]
  const script = [
    ...(scriptFile === undefined ? [] : await loadScript(scriptFile)),
    ...parseScript(flags.fault.map(faultLine).join('\n'), 'the command line'),
    ...drawFaults(exchanges, seed, flags.mischief, MISCHIEF_MINUTES),
  ].toSorted((one, other) => one.atMs - other.atMs)
  const journal = journalFile === undefined ? undefined : openJournal(journalFile)
  const framesPerSecond = environment.CROSSTIDE_SIMULATOR_RATE ?? config.simulator.framesPerSecond
  const sent = metrics.counter('simulator_frames_total', 'Frames sent', ['exchange', 'kind'])
  let frames = 0

  const simulator = await startSimulator({
    instruments,
    framesPerSecond,
    seed,
    script,
    journal,
    port: environment.CROSSTIDE_SIMULATOR_PORT,
    limits: scaledLimits(LIMITS, flags.limits, 1),
    count(exchange, kind) {
      frames += 1
      sent.inc({ exchange, kind })
    },
  })
  log.info({ port: simulator.port, framesPerSecond, faults: script.length }, 'simulator_started')

  return {
    problems: () => [],
    figures: () => ({ frames }),
    facts: { port: simulator.port },
    async stop() {
      await simulator.stop()
      journal?.close()
      return { unsent: 0 }
    },
  }
})
