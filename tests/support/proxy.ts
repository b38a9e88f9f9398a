import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * What happens to one Kafka request or answer on its way; `cut` closes both sides without it. `hold` is for requests: it and
 * those after it on that connection wait for `release`, even if the client is gone by then.
 */
export type Verdict = 'pass' | 'cut'
export type RequestVerdict = Verdict | 'hold'

/** A TCP proxy before one broker that knows where Kafka's frames begin. Its rules may be changed at any time. */
export type KafkaProxy = {
  readonly port: number
  /** For `KafkaOptions.connect`: every connection goes through the proxy, whatever address the broker advertises. */
  readonly connect: () => Socket
  /** Looks at each request on its way to the broker, by its API key (0 Produce, 1 Fetch, 3 Metadata ...). */
  onRequest: (apiKey: number, frame: Buffer) => RequestVerdict
  /** Requests that are held; and lets them go to the broker, in their order. */
  readonly held: number
  release(): void
  /** Looks at each answer on its way back, by the API key of its request. */
  onAnswer: (apiKey: number) => Verdict
  /** Delays what goes back. */
  answerDelayMs: number
  /** Which answers are delayed, by the API key of their request; all, unless changed. */
  isDelayed: (apiKey: number) => boolean
  /** While true nothing goes back: what the broker does is done, and nobody hears of it. */
  isHolding: boolean
  /** While true nothing goes there: the broker never sees what is asked. */
  isDeaf: boolean
  /** Makes all connections of now half-open: nothing passes in either direction and no end is told. New ones are well. */
  freeze(): void
  cutAll(): void
  readonly cuts: number
  stop(): Promise<void>
}

export const PRODUCE = 0
export const FETCH = 1

export async function startProxy(broker: string): Promise<KafkaProxy> {
  const [host = '', port = ''] = broker.split(':')
  const pairs = new Set<() => void>()
  /** Connections before this one, in the order they came, are half-open. */
  let firstWell = 0
  let opened = 0
  let cuts = 0
  let held: (() => void)[] = []
  const server = createServer((client) => {
    const upstream = connect({ host, port: Number(port) })
    const number = opened++
    const isFrozen = (): boolean => number < firstWell
    const close = (): void => {
      pairs.delete(close)
      client.destroy()
      upstream.destroy()
    }
    const cut = (): void => {
      cuts += 1
      close()
    }
    let isHeld = false
    pairs.add(close)
    /** API keys of requests without an answer, by correlation id. */
    const asked = new Map<number, number>()
    const requests = frames((frame) => {
      if (isFrozen() || proxy.isDeaf) return
      const apiKey = frame.readInt16BE(4)
      asked.set(frame.readInt32BE(8), apiKey)
      const verdict = isHeld ? 'hold' : proxy.onRequest(apiKey, frame)
      if (verdict === 'cut') cut()
      else if (verdict === 'pass') upstream.write(frame)
      else {
        isHeld = true
        const copy = Buffer.from(frame)
        held.push(() => upstream.write(copy))
      }
    })
    const answers = frames((frame) => {
      if (isFrozen()) return undefined
      const apiKey = asked.get(frame.readInt32BE(4)) ?? -1
      asked.delete(frame.readInt32BE(4))
      if (proxy.onAnswer(apiKey) === 'cut') return cut()
      if (proxy.isHolding) return undefined
      if (proxy.answerDelayMs === 0 || !proxy.isDelayed(apiKey)) return void client.write(frame)
      setTimeout(() => void (client.destroyed || client.write(frame)), proxy.answerDelayMs)
    })
    for (const [socket, take] of [[client, requests] as const, [upstream, answers] as const]) {
      socket.setNoDelay(true)
      socket.on('data', take)
      const gone = (): void => {
        // What is held goes to the broker later, as what a dead process had in flight does.
        if (socket === client && isHeld) return
        // The client of a half-open connection is not told that the broker's side ended.
        if (socket === client || !isFrozen()) close()
      }
      socket.on('error', gone)
      socket.on('close', gone)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const listening = isAddress(address) ? address.port : 0

  const proxy: KafkaProxy = {
    port: listening,
    connect: () => connect({ host: '127.0.0.1', port: listening }),
    onRequest: () => 'pass',
    onAnswer: () => 'pass',
    answerDelayMs: 0,
    isDelayed: () => true,
    isHolding: false,
    isDeaf: false,
    get held() {
      return held.length
    },
    release() {
      for (const pass of held) pass()
      held = []
    },
    freeze() {
      firstWell = opened
    },
    cutAll() {
      for (const close of pairs) close()
    },
    get cuts() {
      return cuts
    },
    async stop() {
      proxy.cutAll()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

/** Hands on whole frames: four bytes of length, then the rest. */
function frames(take: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 4) {
      const end = 4 + rest.readInt32BE(0)
      if (rest.length < end) return
      take(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  }
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === 'object' && address !== null
