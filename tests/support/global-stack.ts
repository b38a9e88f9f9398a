import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { readHolder } from '../../dev/claim.ts'
import { JAVA_ADVICE, findJava } from '../../dev/java.ts'
import { endLeftovers } from '../../dev/process.ts'
import { LOCK, startStack } from '../../dev/stack.ts'
import { startContainers } from './containers.ts'
import { engineAnswers, serviceSource } from './engine.ts'

type Addresses = { readonly brokers: readonly string[]; readonly registry: string; readonly database: string }
type Started = Addresses & { stop(): Promise<void> }

declare module 'vitest' {
  export interface ProvidedContext {
    stack: Addresses
  }
}

declare global {
  /** Each project loads this file anew; all share one stack through the process. */
  var crosstideTests: { readonly stack: Promise<Started | undefined>; users: number } | undefined
}

/** Below the checkout and not in the system's temporary folder, so that the next run finds what a killed one left. */
const RUNS = fileURLToPath(new URL('../../.crosstide/tests', import.meta.url))
/** Nothing listens there; no test runs with it. */
const NOWHERE: Addresses = {
  brokers: ['127.0.0.1:1'],
  registry: 'http://127.0.0.1:1',
  database: 'postgres://127.0.0.1:1/none',
}

/**
 * Gives tests a real Kafka, registry and PostgreSQL: those of the environment if all three are named, else an embedded stack
 * on free ports, else, without Java, containers; started once for all projects and removed at the end. Without either the
 * tests that need them are skipped and the reason printed; with `CI` set that is a failure.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const one = (globalThis.crosstideTests ??= { stack: start(process.env), users: 0 })
  one.users += 1
  const stack = await one.stack
  if (stack === undefined) skipAll(project)
  const { brokers, registry, database } = stack ?? NOWHERE
  project.provide('stack', { brokers, registry, database })
  return async () => {
    one.users -= 1
    if (one.users > 0) return
    globalThis.crosstideTests = undefined
    await stack?.stop()
  }
}

async function start(variables: Readonly<Record<string, string | undefined>>): Promise<Started | undefined> {
  const { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registry, DATABASE_URL: database } = variables
  const hasJava = (await findJava(variables)) !== undefined
  const hasEngine = !hasJava && (await engineAnswers(variables))
  const source = serviceSource({ variables, hasJava, hasEngine })
  if (source === 'given' && brokers && registry && database)
    return { brokers: brokers.split(','), registry, database, stop: async () => undefined }
  if (source === 'containers') return startContainers()
  if (source === 'none') {
    if (variables['CI']) throw new Error(`the tests need Java or a container engine\n${JAVA_ADVICE}`)
    return undefined
  }
  await removeAbandoned()
  const dataDir = join(RUNS, `run-${process.pid}`)
  const stack = await startStack({
    dataDir,
    ports: { postgres: 0, kafka: 0, registry: 0 },
    external: { brokers: brokers?.split(','), registry, database },
    variables,
    onProgress: ({ part, state, detail }) => {
      if (state === 'fetching') process.stderr.write(`${part}: ${detail}\n`)
    },
  })
  return {
    ...stack,
    async stop() {
      await stack.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A pattern that no name matches: vitest then reports every test of the project as skipped and runs no hook. */
function skipAll(project: TestProject): void {
  process.stderr.write(`${project.name}: all tests skipped, no Java 21 and no container engine found\n${JAVA_ADVICE}\n`)
  project.config.testNamePattern = /(?!)/
}

/** What killed runs left: their processes end and their folders go. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(RUNS).catch(() => [])) {
    const folder = join(RUNS, name)
    if ((await readHolder(join(folder, LOCK))) !== undefined) continue
    await endLeftovers(folder)
    await rm(folder, { recursive: true, force: true })
  }
}
