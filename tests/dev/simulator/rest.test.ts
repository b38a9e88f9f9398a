import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EXCHANGES, type Exchange } from '../../../core/tick.ts'
import { instrumentsOf } from '../../../dev/simulator/instruments.ts'
import { openJournal } from '../../../dev/simulator/journal.ts'
import { startSimulator } from '../../../dev/simulator/simulator.ts'
import { now } from '../../../io/clock.ts'
import { micros } from '../../../core/time.ts'
import { parseJson, simulated } from '../../../producers/adapter.ts'
import { ADAPTERS } from '../../../producers/adapters.ts'

const SYMBOLS: Readonly<Record<Exchange, readonly [symbol: string, native: string]>> = {
  binance: ['BTC-USDT', 'BTCUSDT'],
  coinbase: ['BTC-USD', 'BTC-USD'],
  kraken: ['DOGE-USD', 'DOGE/USD'],
  okx: ['BTC-USDT', 'BTC-USDT'],
  gate: ['BTC-USDT', 'BTC_USDT'],
}

async function start(restKeeps?: number) {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-rest-'))
  const file = join(folder, 'sent.jsonl')
  const journal = openJournal(file)
  const simulator = await startSimulator({
    instruments: instrumentsOf({
      exchanges: Object.fromEntries(EXCHANGES.map((exchange) => [exchange, { symbols: [SYMBOLS[exchange][0]] }])),
    }),
    framesPerSecond: 100,
    seed: 1,
    script: [],
    journal,
    port: 0,
    ...(restKeeps === undefined ? {} : { restKeeps }),
  })
  onTestFinished(async () => {
    await simulator.stop()
    journal.close()
    rmSync(folder, { recursive: true })
  })
  return {
    base: `http://127.0.0.1:${simulator.port}`,
    journaled: async (): Promise<string> => {
      await simulator.stop()
      journal.close()
      return readFileSync(file, 'utf8')
    },
  }
}

async function past(exchange: Exchange, base: string) {
  const adapter = ADAPTERS[exchange]
  const to = now()
  const want = { nativeSymbol: SYMBOLS[exchange][1], from: micros(to - 30e6), to, after: undefined, before: undefined }
  const request = adapter.backfill?.request(want, undefined, 0)
  const response = await fetch(simulated(request?.url ?? '', exchange, base), { headers: { ...request?.headers } })
  const body = await response.text()
  const page = response.ok ? adapter.backfill?.parse(parseJson(adapter, body)) : undefined
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body, page }
}

describe.each(EXCHANGES)('REST of %s', (exchange) => {
  test('tells past trades to the exchange’s own adapter, each row readable', async () => {
    const { base } = await start()
    const { status, page } = await past(exchange, base)
    expect({ status, unreadable: page?.unreadable }).toEqual({ status: 200, unreadable: 0 })
    expect(page?.trades.length).toBeGreaterThan(20)
  })

  test('forgets what it does not keep', async () => {
    const { base } = await start(5)
    expect((await past(exchange, base)).page?.rows).toBe(5)
  })

  test('says when to come back to who asks too much, and journals what it answered', async () => {
    const { base, journaled } = await start()
    // Above the weight that each of the exchanges grants in its span.
    const answers = []
    for (let count = 0; count < 1600 && answers.at(-1)?.status !== 429; count++)
      answers.push(await past(exchange, base))
    expect(answers.at(-1)).toMatchObject({ status: 429, retryAfter: expect.stringMatching(/^[1-9]\d*$/) })
    const lines = await journaled()
    expect(lines.split('"kind":"rest"').length - 1).toBe(answers.length - 1)
    expect(lines).toContain('"kind":"rest-refused"')
  })
})
