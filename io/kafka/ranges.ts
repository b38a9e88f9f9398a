import { PipelineError } from '../../core/errors.ts'
import type { Ranges, RangesOptions } from './port.ts'

export function openRanges(options: RangesOptions): Promise<Ranges> {
  return Promise.reject(new PipelineError('KAFKA_UNAVAILABLE', `not built yet: ${options.clientId}`))
}
