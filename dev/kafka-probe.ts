import { connect } from 'node:net'

const METADATA = 3
const VERSION = 1
const DEADLINE_MS = 2000

/**
 * Whether a broker answers a metadata request with at least one broker (itself, where there is one), or as many as told: then
 * its listener is open, its controller has let it in, and a client can work. Speaks the protocol itself, because kafkajs would
 * retry and log.
 */
export async function describesBroker(port: number, atLeast = 1, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    let received = Buffer.alloc(0)
    const finish = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(DEADLINE_MS, () => finish(false))
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
    socket.on('connect', () => socket.write(metadataRequest()))
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes])
      const brokers = brokerCount(received)
      if (brokers !== undefined) finish(brokers >= atLeast)
    })
  })
}

/** Pure: Metadata v1 for no topics, with its header: size, api key, version, correlation id, client id. */
export function metadataRequest(): Buffer {
  const client = Buffer.from('crosstide-probe')
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4)
  request.writeInt32BE(request.length - 4, 0)
  request.writeInt16BE(METADATA, 4)
  request.writeInt16BE(VERSION, 6)
  request.writeInt32BE(1, 8)
  request.writeInt16BE(client.length, 12)
  client.copy(request, 14)
  request.writeInt32BE(0, 14 + client.length)
  return request
}

/** Pure: how many brokers a complete Metadata v1 response names: size, correlation id, then the array's length. */
export function brokerCount(response: Buffer): number | undefined {
  if (response.length < 12 || response.length < 4 + response.readInt32BE(0)) return undefined
  return response.readInt32BE(8)
}
