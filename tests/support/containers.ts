import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'
import { freePort } from '../../dev/ports.ts'
import { ensureDatabase } from '../../io/postgres-admin.ts'

const COMPOSE = fileURLToPath(new URL('../../docker-compose.kafka.yml', import.meta.url))
/** Images are fetched at the first run. */
const START_MS = 300_000
const PASSWORD = 'test'
const REGISTRY_DATABASE = 'registry'

const service = z.object({ image: z.string(), environment: z.record(z.string(), z.string()) })
const compose = z.object({ services: z.object({ kafka: service, postgres: service, registry: service }) })

/** The images and settings of docker-compose.kafka.yml, so that there is one place that names versions. */
export const composeServices = async () => compose.parse(parse(await readFile(COMPOSE, 'utf8'))).services

/** Pure: the broker says to clients on this machine that it is at the port that leads to it. */
export const kafkaSettings = (settings: Readonly<Record<string, string>>, port: number): Record<string, string> => ({
  ...settings,
  KAFKA_ADVERTISED_LISTENERS: `INSIDE://kafka:19092,HOST://127.0.0.1:${port}`,
})

/** Kafka, registry and PostgreSQL as containers on any free ports; the engine removes them even if we are killed. */
export async function startContainers() {
  // Loaded where it is used only: it takes half a second.
  const { GenericContainer, Network, Wait } = await import('testcontainers')
  const { kafka, postgres, registry } = await composeServices()
  const network = await new Network().start()
  const started: { stop(): Promise<unknown> }[] = []
  const stop = async (): Promise<void> => {
    for (const one of started.toReversed()) await one.stop()
    await network.stop()
  }
  try {
    const port = await freePort()
    const database = await new GenericContainer(postgres.image)
      .withNetwork(network)
      .withNetworkAliases('postgres')
      .withEnvironment({ ...postgres.environment, POSTGRES_PASSWORD: PASSWORD })
      .withExposedPorts(5432)
      // The first of the two is the one that only the image's own set-up reaches.
      .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
      .withStartupTimeout(START_MS)
      .start()
    started.push(database)
    const url = `postgres://postgres:${PASSWORD}@127.0.0.1:${database.getMappedPort(5432)}/crosstide`
    await ensureDatabase(url, REGISTRY_DATABASE)
    const broker = await new GenericContainer(kafka.image)
      .withNetwork(network)
      .withNetworkAliases('kafka')
      .withEnvironment(kafkaSettings(kafka.environment, port))
      .withExposedPorts({ container: 9092, host: port })
      .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
      .withStartupTimeout(START_MS)
      .start()
    started.push(broker)
    const subjects = '/apis/ccompat/v7/subjects'
    const schemas = await new GenericContainer(registry.image)
      .withNetwork(network)
      .withEnvironment({ ...registry.environment, APICURIO_DATASOURCE_PASSWORD: PASSWORD })
      .withExposedPorts(8081)
      .withWaitStrategy(Wait.forHttp(subjects, 8081).forStatusCode(200))
      .withStartupTimeout(START_MS)
      .start()
    started.push(schemas)
    return {
      brokers: [`127.0.0.1:${port}`],
      registry: `http://127.0.0.1:${schemas.getMappedPort(8081)}/apis/ccompat/v7`,
      database: url,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
