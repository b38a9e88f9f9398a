import { ARBITRAGE_DOCUMENT, type ArbitrageConfig } from '../core/arbitrage/config.ts'
import type { Config } from '../io/config.ts'
import { alone } from '../io/configuration-change.ts'
import { configurationRecord, hashOf, nextConfiguration, readConfiguration } from '../io/configuration.ts'
import { addDocument, fileHashOf, hashOfDocument } from '../io/control-documents.ts'
import type { KafkaOptions } from '../io/kafka/port.ts'
import { openRanges } from '../io/kafka/ranges.ts'
import { SERVICE_WRITER, openWriter } from '../io/kafka/writer.ts'
import type { Log } from '../io/log.ts'
import type { openPool } from '../io/postgres.ts'
import type { TopicSpec } from '../schemas/topics.ts'

type Pool = ReturnType<typeof openPool>

/**
 * Publishes the file's configuration, unless it is the one that was published last from a file: what was applied since
 * then stays. So an applied change outlives a restart, and an edited file takes effect. Answers what is in effect.
 */
export async function publishFile(
  deps: { readonly kafka: KafkaOptions; readonly config: Config; readonly log: Log },
  pool: Pool,
  control: TopicSpec,
): Promise<Config> {
  const { kafka, config, log } = deps
  const ranges = await openRanges(kafka)
  try {
    return await alone(pool, async () => {
      const { found } = await readConfiguration(ranges, control, log)
      const fileHash = hashOf(config)
      if (found?.fileHash === fileHash) return found.config
      const next = nextConfiguration(found, config, { by: 'bootstrap', at: new Date().toISOString(), fileHash })
      const writer = await openWriter({ ...SERVICE_WRITER, ...kafka })
      await writer.append([configurationRecord(control, next)]).finally(() => writer.close(5000))
      log.info({ epoch: next.epoch }, 'configuration_published')
      return config
    })
  } finally {
    await ranges.close()
  }
}

/**
 * The same for the file's arbitrage document: a new version, unless it is the one that was taken last from a file. The
 * publisher puts it into the log as soon as it runs.
 */
export async function takeArbitrage(pool: Pool, body: ArbitrageConfig, log: Log): Promise<void> {
  await alone(pool, async () => {
    if ((await fileHashOf(pool, ARBITRAGE_DOCUMENT)) === hashOfDocument(body)) return
    const epoch = await addDocument(pool, ARBITRAGE_DOCUMENT, { body, author: 'bootstrap', fromFile: true })
    log.info({ epoch }, 'arbitrage_taken')
  })
}
