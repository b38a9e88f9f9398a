import { PipelineError } from '../core/errors.ts'
import type { Environment } from '../io/environment.ts'
import { connection } from './endpoints.ts'
import { ROLES, mainOf, type Role } from './roles.ts'

/**
 * `crosstide run ROLE …`: one role in this process, against the brokers of the environment or of the pipeline that runs
 * here. A second `consumers` takes over partitions of the first; a second `producers` of an exchange is redundancy.
 */
export async function runRole(environment: Environment, role: string, args: readonly string[]): Promise<void> {
  const known = ROLES.find((one) => one === role)
  if (known === undefined)
    throw new PipelineError('WRONG_USE', `unknown role "${role}"; roles are: ${ROLES.join(', ')}`)
  if (known !== 'simulator') {
    const { brokers, registry, database } = await connection(environment)
    process.env['KAFKA_BROKERS'] = brokers.join(',')
    process.env['SCHEMA_REGISTRY_URL'] = registry
    process.env['DATABASE_URL'] = database
  }
  await start(known, args)
}

async function start(role: Role, args: readonly string[]): Promise<void> {
  // A role reads its own arguments from where any entry point does.
  process.argv.splice(1, process.argv.length - 1, mainOf(role), ...args)
  await import(mainOf(role))
}
