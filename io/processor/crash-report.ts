import type { Incoming } from '../kafka/port.ts'

/** Enough to run the record again in a test: its coordinate is in the log line beside it, its bytes are here, whole. */
export const crashReport = (record: Incoming | undefined): Readonly<Record<string, unknown>> =>
  record === undefined
    ? {}
    : {
        offset: record.offset,
        timestampMs: record.timestampMs,
        key: record.key?.toString(),
        valueBase64: record.value?.toString('base64'),
      }
