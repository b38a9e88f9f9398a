import { ensureDatabase } from '../io/postgres-admin.ts'
import { javaEnvironment } from './java.ts'
import type { JvmPart } from './kafka.ts'
import { assertPortFree } from './ports.ts'
import { startProcess, type Running } from './process.ts'
import { untilReady } from './wait.ts'

const START_DEADLINE_MS = 60_000
const PROBE_DEADLINE_MS = 2000

/** Where the embedded registry speaks the Confluent API. */
export const registryUrl = (port: number): string => `http://127.0.0.1:${port}/apis/ccompat/v7`

/**
 * Apicurio Registry on loopback, stored in a PostgreSQL database of its own: with its other stores an id is given twice after
 * a kill, and every record already written would be misread. `database` is the address of the server that gets it; throws
 * DATABASE_REFUSED if the database cannot be created there. Resolves when the Confluent API answers.
 */
export async function startRegistry(
  part: JvmPart & { readonly database: string; readonly databaseName: string },
): Promise<Running> {
  const { dataDir, port, java, jars, variables, database, databaseName, signal } = part
  await assertPortFree(port, 'the schema registry', 'CROSSTIDE_REGISTRY_PORT')
  await ensureDatabase(database, databaseName)
  const running = await startProcess({
    name: 'registry',
    dataDir,
    command: java.java,
    args: [...JVM, '-jar', jars.registry],
    env: { ...javaEnvironment(variables), ...registrySettings(port, database, databaseName) },
  })
  const probe = async (): Promise<boolean> => {
    const answer = await fetch(`${registryUrl(port)}/subjects`, { signal: AbortSignal.timeout(PROBE_DEADLINE_MS) })
    await answer.arrayBuffer()
    return answer.ok
  }
  try {
    await untilReady(running, probe, { deadlineMs: START_DEADLINE_MS, signal })
    return running
  } catch (error) {
    await running.stop(2000)
    throw error
  }
}

/** It serves a few requests an hour: small, and quick to start. */
const JVM = ['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Djava.awt.headless=true']

/** Pure: the registry's environment. */
export function registrySettings(
  port: number,
  database: string,
  databaseName: string,
): Readonly<Record<string, string>> {
  const { hostname, port: databasePort, username, password, searchParams } = new URL(database)
  const sslmode = searchParams.get('sslmode')
  const query = sslmode === null ? '' : `?sslmode=${encodeURIComponent(sslmode)}`
  return {
    QUARKUS_HTTP_HOST: '127.0.0.1',
    QUARKUS_HTTP_PORT: String(port),
    // Its second server would be on port 9000 of every address; it cannot be left out, so it gets any port, on loopback.
    QUARKUS_MANAGEMENT_HOST: '127.0.0.1',
    QUARKUS_MANAGEMENT_PORT: '0',
    // One line per request would fill the log.
    QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
    APICURIO_STORAGE_KIND: 'sql',
    APICURIO_STORAGE_SQL_KIND: 'postgresql',
    APICURIO_DATASOURCE_URL: `jdbc:postgresql://${hostname}:${databasePort === '' ? '5432' : databasePort}/${databaseName}${query}`,
    APICURIO_DATASOURCE_USERNAME: decodeURIComponent(username),
    APICURIO_DATASOURCE_PASSWORD: decodeURIComponent(password),
    // It would hold 20 connections of the server's 100.
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: '1',
    APICURIO_DATASOURCE_JDBC_MIN_SIZE: '1',
    APICURIO_DATASOURCE_JDBC_MAX_SIZE: '5',
  }
}
