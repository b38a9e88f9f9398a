import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { roleProcess } from '../cli/roles.ts'
import { superviseRole, type SupervisedRole } from '../cli/supervisor.ts'
import { formatTable } from '../cli/table.ts'
import { SIMULATED, type SimulatedExchange } from '../dev/simulator/exchanges.ts'
import type { Config } from '../io/config.ts'
import type { Environment } from '../io/environment.ts'
import { simulated } from '../producers/adapter.ts'
import { ADAPTERS } from '../producers/adapters.ts'
import { choose } from '../producers/instruments.ts'
import type { SimulatorOptions } from './options.ts'
import { usageOf } from './processes.ts'
import { framesIn, usageBetween } from './rate.ts'

/** Time to subscribe, and for the compiler to see the busy code. */
const WARM_UP_MS = 3000

type Deps = {
  readonly config: Config
  readonly environment: Environment
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly say: (text: string) => void
}

/** The simulator alone: one process that sends, and this one, which counts what it gets and does nothing else. */
export async function benchSimulator(deps: Deps, { rates, seconds }: SimulatorOptions): Promise<string> {
  const rows: (readonly string[])[] = []
  for (const rate of rates) {
    deps.say(`${rate} frames/s …`)
    rows.push(await measure(deps, rate, seconds))
  }
  return [
    formatTable(['frames/s', 'sent/s', 'received/s', 'MB/s', 'CPU of one core', 'memory, MiB'], rows),
    'sent: trades and quotes by its own metrics; received: frames that came over the sockets of a client in another process.',
  ].join('\n')
}

async function measure(deps: Deps, rate: number, seconds: number): Promise<readonly string[]> {
  const role = await startAlone(deps, rate)
  const sockets: WebSocket[] = []
  const got = { frames: 0, bytes: 0 }
  try {
    const base = `http://127.0.0.1:${role.ready().facts['port'] ?? ''}`
    for (const exchange of SIMULATED) {
      const symbols = deps.config.exchanges[exchange]?.symbols
      if (symbols === undefined) continue
      const socket = await subscribe(base, exchange, symbols)
      socket.on('message', (content: Buffer) => {
        got.frames += 1
        got.bytes += content.length
      })
      sockets.push(socket)
    }
    await sleep(WARM_UP_MS)
    const [before, usage, start] = [await sent(role), await usageOf({ simulator: role.pid() }), performance.now()]
    const then = { ...got }
    await sleep(seconds * 1000)
    const passed = (performance.now() - start) / 1000
    const now = { ...got }
    const used = usageBetween(usage, await usageOf({ simulator: role.pid() }), passed)['simulator']
    return [
      String(rate),
      (((await sent(role)) - before) / passed).toFixed(0),
      ((now.frames - then.frames) / passed).toFixed(0),
      ((now.bytes - then.bytes) / passed / 1e6).toFixed(1),
      `${used?.cpuPercent.toFixed(0) ?? '-'} %`,
      used?.memoryMiB.toFixed(0) ?? '-',
    ]
  } finally {
    for (const socket of sockets) socket.terminate()
    await role.stop(5000)
  }
}

/** It connects to nothing, so the addresses of the rest lead nowhere. */
const startAlone = ({ environment, variables }: Deps, rate: number): Promise<SupervisedRole> =>
  superviseRole(
    roleProcess(
      'simulator',
      {
        dataDir: join('.crosstide', 'bench'),
        source: 'simulated',
        brokers: ['127.0.0.1:1'],
        registry: 'http://127.0.0.1:1',
        databaseOf: () => 'postgres://127.0.0.1:1/none',
        simulator: undefined,
        writeKeyHash: undefined,
      },
      environment,
      { ...variables, LOG_LEVEL: 'warn', CROSSTIDE_SIMULATOR_RATE: String(rate) },
    ),
    { restarted: () => undefined, replaced: () => undefined, gaveUp: () => undefined },
  )

/** Subscribes to an exchange's trades and quotes as its producer does. */
async function subscribe(base: string, exchange: SimulatedExchange, symbols: readonly string[]): Promise<WebSocket> {
  const adapter = ADAPTERS[exchange]
  const list = await fetch(simulated(adapter.instruments.url, exchange, base))
  const chosen = choose(symbols, adapter.instruments.parse(await list.json())).instruments
  const { url, frames } = adapter.connect(chosen.map(({ nativeSymbol }) => nativeSymbol))
  const socket = new WebSocket(simulated(url, exchange, base), { skipUTF8Validation: true })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  for (const frame of frames) socket.send(frame)
  return socket
}

async function sent(role: SupervisedRole): Promise<number> {
  return framesIn(await (await fetch(`http://127.0.0.1:${role.ready().opsPort}/metrics`)).text())
}
