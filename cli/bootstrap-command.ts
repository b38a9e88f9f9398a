import { loadArbitrage, loadConfig } from '../io/config.ts'
import type { Environment } from '../io/environment.ts'
import { createLog } from '../io/log.ts'
import { openRegistry } from '../io/registry.ts'
import { bootstrap } from './bootstrap.ts'
import { connection } from './endpoints.ts'
import { SHIPPED_RULES, loadRuleFiles } from './rule-files.ts'
import { formatTable } from './table.ts'

/** `crosstide bootstrap`: makes given services ready; exit code 1 if a topic differs from the catalogue (nothing is altered). */
export async function bootstrapCommand(environment: Environment): Promise<number> {
  const { brokers, registry, database } = await connection(environment)
  const log = createLog('bootstrap', environment.LOG_LEVEL)
  const differences = await bootstrap({
    kafka: { brokers, clientId: 'crosstide-bootstrap', log },
    registry: openRegistry(registry),
    databaseUrl: database,
    config: await loadConfig(environment.CROSSTIDE_CONFIG),
    arbitrage: await loadArbitrage(environment.CROSSTIDE_CONFIG),
    rules: await loadRuleFiles([SHIPPED_RULES]),
    log,
    notice: (line) => void process.stderr.write(`${line}\n`),
  })
  if (differences.length === 0) return 0
  process.stdout.write(
    `${formatTable(
      ['topic', 'setting', 'wanted', 'found'],
      differences.map(({ topic, setting, wanted, found }) => [topic, setting, wanted, found]),
    )}\n`,
  )
  return 1
}
