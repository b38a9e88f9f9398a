import { PipelineError } from '../../core/errors.ts'
import type { Reader, ReaderOptions } from './port.ts'

export function openReader(options: ReaderOptions): Reader {
  throw new PipelineError('KAFKA_UNAVAILABLE', `not built yet: ${options.clientId}`)
}
