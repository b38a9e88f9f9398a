import { setTimeout as sleep } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import { isOpen, type OpenTick } from '../../core/arrivals.ts'
import type { Origin } from '../../core/processor.ts'
import { tickFault } from '../../core/tick-check.ts'
import type { Tick } from '../../core/tick.ts'
import { slotName, type Incoming, type Slot } from '../kafka/port.ts'
import type { Log } from '../log.ts'
import type { Decoder } from '../registry.ts'
import type { Read } from './task.ts'

type Deps<Wire> = {
  readonly decoder: Decoder<Wire>
  readonly log: Log
  readonly wait?: (ms: number) => Promise<unknown>
}

const ASK_AGAIN_MS = 1000
/** Documents are some kilobytes. */
const MOST_DOCUMENT_BYTES = 16 * 1024 * 1024

/**
 * How a processor reads records. It waits for ever while the registry does not answer or does not know a schema: a fault now
 * and a value later would make other outputs of the same log (kafka-client.md section 8). `waiting` names the ids it waits for.
 */
export function recordReader<Value, In>(
  { decoder, log, wait = sleep }: Deps<Value>,
  open: (value: Value) => In | { readonly fault: string },
) {
  const waiting = new Set<number>()

  async function learn(slot: Slot, id: number, alive: () => Promise<boolean>): Promise<boolean> {
    waiting.add(id)
    try {
      for (;;) {
        const known = await decoder.learn(id).catch((error: unknown) => {
          log.warn({ schemaId: id, err: error }, 'registry_not_answering')
          return false
        })
        if (known) return true
        log.warn({ schemaId: id, slot: slotName(slot) }, 'schema_awaited')
        await wait(ASK_AGAIN_MS)
        if (!(await alive())) return false
      }
    } finally {
      waiting.delete(id)
    }
  }

  async function read(
    slot: Slot,
    records: readonly Incoming[],
    alive: () => Promise<boolean>,
  ): Promise<readonly Read<In>[] | undefined> {
    const reads: Read<In>[] = []
    for (const { offset, timestampMs, value: bytes } of records) {
      let decoding = decoder.decode(bytes)
      while (decoding.kind === 'unknown-schema') {
        if (!(await learn(slot, decoding.id, alive))) return undefined
        decoding = decoder.decode(bytes)
      }
      if (decoding.kind === 'fault') {
        reads.push({ fault: decoding.reason })
        continue
      }
      const value = open(decoding.value)
      reads.push(isFault(value) ? value : { partition: slot.partition, offset, timestampMs, value })
    }
    return reads
  }

  return { read, waiting: (): readonly number[] => [...waiting] }
}

const isFault = (value: unknown): value is { readonly fault: string } =>
  typeof value === 'object' && value !== null && 'fault' in value

/** A tick as a step sees it: believed (core/tick-check.ts), a control document's body opened. */
export function openTick(tick: Tick): OpenTick | { readonly fault: string } {
  const fault = tickFault(tick)
  if (fault !== undefined) return { fault }
  if (isOpen(tick)) return tick
  const { payload } = tick
  if (payload.kind !== 'control') return { fault: `payload: ${payload.kind}` }
  try {
    const { body, ...control } = payload
    return { ...tick, payload: { ...control, document: documentOf(body) } }
  } catch (error) {
    return { fault: `control body: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** Throws RangeError on one that unpacks to more: a kilobyte can be told to become a gigabyte. */
const documentOf = (body: Uint8Array): unknown =>
  JSON.parse(String(zstdDecompressSync(body, { maxOutputLength: MOST_DOCUMENT_BYTES })))

/** The origins of derived records; records of a schema that is not known are of a newer writer, not ours. */
export async function originsOf(
  decoder: Decoder<{ readonly origin?: Origin | undefined }>,
  records: readonly Incoming[],
): Promise<readonly (Origin | undefined)[]> {
  const origins: (Origin | undefined)[] = []
  for (const { value } of records) {
    let decoding = decoder.decode(value)
    if (decoding.kind === 'unknown-schema' && (await decoder.learn(decoding.id))) decoding = decoder.decode(value)
    origins.push(decoding.kind === 'value' ? decoding.value.origin : undefined)
  }
  return origins
}
