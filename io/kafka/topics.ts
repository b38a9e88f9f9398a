import { PipelineError } from '../../core/errors.ts'
import type { KafkaOptions, Topics } from './port.ts'

export function openTopics(options: KafkaOptions): Promise<Topics> {
  return Promise.reject(new PipelineError('KAFKA_UNAVAILABLE', `not built yet: ${options.clientId}`))
}
