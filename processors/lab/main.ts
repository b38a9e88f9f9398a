import { parentPort } from 'node:worker_threads'
import { PipelineError } from '../../core/errors.ts'
import { partitionOf } from '../../core/partition.ts'
import { explain, type Explainer } from '../../core/rules/testing/explain.ts'
import { givenEvents, TEST_START } from '../../core/rules/testing/given.ts'
import { testRule } from '../../core/rules/testing/test-rule.ts'
import { durationMicros } from '../../core/rules/read/duration.ts'
import { MICROS_PER_MILLI, MICROS_PER_MINUTE, micros, type Micros } from '../../core/time.ts'
import { openRanges } from '../../io/kafka/ranges.ts'
import { createLog } from '../../io/log.ts'
import { openTick, recordReader } from '../../io/processor/reading.ts'
import { openRegistry } from '../../io/registry.ts'
import type { LabAnswer, LabJob, LabOrder, LabSettings } from '../../io/rule-lab.ts'
import { tickCodec } from '../../schemas/codec.ts'
import { ruleInputs } from '../market/rule-inputs.ts'

// The program of a thread that tries one rule (io/rule-lab.ts): it gets one order and gives one answer.
parentPort?.once('message', (order: LabOrder) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  void answerTo(order).then((answer) => parentPort?.postMessage(answer))
})

async function answerTo({ settings, job }: LabOrder): Promise<LabAnswer> {
  const { on, rule } = job
  try {
    if (on.kind === 'tests') return { kind: 'tests', report: testRule(rule) }
    return on.kind === 'given' ? overGiven(job, on) : await overRange(settings, job, on)
  } catch (error) {
    // A message loses what an error is.
    if (error instanceof PipelineError) return { kind: 'refused', code: error.code, message: error.message }
    throw error
  }
}

type On<Kind> = Extract<LabJob['on'], { readonly kind: Kind }>

/** Alone, as by its own tests: matches of other rules are given like all else. */
function overGiven({ rule, key }: LabJob, { given, until }: On<'given'>): LabAnswer {
  const found = givenEvents({ given })
  if ('problem' in found) return { kind: 'unreadable', problem: `${found.problem} (/${found.pointer.join('/')})` }
  const made = explain({ rule, from: TEST_START, ...(key && { key }) })
  if ('diagnostics' in made) return { kind: 'wrong', diagnostics: made.diagnostics }
  for (const event of found.events)
    made.explainer.take({ offset: event.offset, now: event.at, events: [event], control: undefined })
  const end = until === undefined ? undefined : micros(TEST_START + (durationMicros(until) ?? 0))
  return { kind: 'explained', explanation: made.explainer.end(end), range: undefined }
}

/** The configuration of the detectors is repeated within it, and candles of a minute are closed. */
const LEAD = 11 * MICROS_PER_MINUTE

async function overRange(
  { brokers, registry, topic, partitions, inverses, limitMs }: LabSettings,
  { rule, others, key }: LabJob,
  { base, from, to }: On<'range'>,
): Promise<LabAnswer> {
  const explaining = { rule, others, since: from, ...(key && { key }) }
  const tried = explain({ ...explaining, from })
  if ('diagnostics' in tried) return { kind: 'wrong', diagnostics: tried.diagnostics }
  const log = createLog('rule-lab', 'error')
  const ranges = await openRanges({ brokers, clientId: 'crosstide-rule-lab', log })
  const reading = recordReader({ decoder: openRegistry(registry).decoder(tickCodec), log }, openTick)
  const slot = { topic, partition: partitionOf(base, partitions) }
  const { first, end } = await ranges.bounds(slot)
  const stampOf = (time: number): number => Math.max(0, Math.floor(time / MICROS_PER_MILLI))
  const start = Math.max(first, await ranges.atTime(slot, stampOf(from - tried.warmUpMicros - LEAD)))
  // T at a record is at most its stamp; how much later the stamp is, only the record says.
  const deadline = performance.now() + limitMs
  const seen: { explainer: Explainer | undefined; first: Micros | undefined; last: Micros | undefined } = {
    explainer: undefined,
    first: undefined,
    last: undefined,
  }
  let isOver = false
  const step = ruleInputs(new Set(inverses), (batch) => {
    isOver ||= batch.now > to
    if (isOver) return
    seen.first ??= batch.now
    seen.last = batch.now
    seen.explainer ??= explainerFrom(explaining, batch.now)
    seen.explainer?.take(batch)
  })
  let records = 0
  let isCut = false
  for await (const batch of ranges.read(slot, Math.min(start, end), end)) {
    for (const one of (await reading.read(slot, batch, () => Promise.resolve(true))) ?? []) {
      if (isOver) break
      records += 1
      if (!('fault' in one)) step(one)
    }
    isCut = !isOver && performance.now() > deadline
    if (isOver || isCut) break
  }
  await ranges.close()
  const explanation = (seen.explainer ?? tried.explainer).end(isOver ? to : (seen.last ?? from))
  const range = {
    partition: slot.partition,
    records,
    first: seen.first,
    last: seen.last,
    reaches: first === 0 || start > first,
    isCut,
  }
  return { kind: 'explained', explanation, range }
}

function explainerFrom(explaining: Omit<Parameters<typeof explain>[0], 'from'>, from: Micros): Explainer | undefined {
  const made = explain({ ...explaining, from })
  return 'explainer' in made ? made.explainer : undefined
}
