import { Engine } from 'json-rules-engine'
import { MICROS_PER_SECOND } from '../../core/time.ts'
import { benchEvents } from '../streams/events.ts'
import { RULES, symbolOf } from './jobs.ts'

/** So few, since it takes milliseconds for each: every rule is asked for every event. */
const EVENTS = 400

/** J4 on json-rules-engine: the same thousand conditions, over the first events. Prints a line for measured.ts. */
const engine = new Engine([], { allowUndefinedFacts: false })
for (const { id, when = '' } of RULES.J4) {
  const [, symbol, price, size] = /^symbol == '(.+)' && price > (\d+) && size > (\d+)$/.exec(when) ?? []
  if (symbol === undefined) throw new Error(`J4 is written otherwise: ${when}`)
  engine.addRule({
    conditions: {
      all: [
        { fact: 'symbol', operator: 'equal', value: symbol },
        { fact: 'price', operator: 'greaterThan', value: Number(price) },
        { fact: 'size', operator: 'greaterThan', value: Number(size) },
      ],
    },
    event: { type: id },
  })
}

let matches = 0
const nanos: number[] = []
const startedAt = performance.now()
const before = process.threadCpuUsage()
for (const { symbol, price, size } of benchEvents(EVENTS)) {
  const from = process.hrtime.bigint()
  const { events } = await engine.run({ symbol: symbolOf(symbol), price, size })
  nanos.push(Number(process.hrtime.bigint() - from))
  matches += events.length
}
const seconds = (performance.now() - startedAt) / 1000
const { user, system } = process.threadCpuUsage(before)
const sorted = nanos.toSorted((a, b) => a - b)
const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
const measured = {
  job: 'J4',
  matches,
  eventsPerSecond: Math.round(EVENTS / seconds),
  eventsPerCpuSecond: Math.round(EVENTS / ((user + system) / MICROS_PER_SECOND)),
  p50Nanos: at(0.5),
  p99Nanos: at(0.99),
  p999Nanos: at(0.999),
  rssKib: Math.round(process.memoryUsage.rss() / 1024),
}
process.stdout.write(`${JSON.stringify(measured)}\n`)
