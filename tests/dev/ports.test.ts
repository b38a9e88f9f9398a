import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { assertPortFree, freePort, listeningInodes, parseLsof, portHolder } from '../../dev/ports.ts'

/** As read on Debian 12: a listener on 127.0.0.1:5433 and on 0.0.0.0:22, and a connection to port 5433. */
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1539 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65534        0 41877 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20115 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1539 0100007F:E378 01 00000000:00000000 02:000A8F6C 00000000 65534        0 42011 2 0000000000000000 20 4 30 10 -1
`
/** As read on the same host: a Java process that listens on 127.0.0.1:9092 through an IPv6 socket. */
const TABLE6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:2384 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 52010 1 0000000000000000 100 0 0 10 0
`

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})
async function listen(host: string): Promise<number> {
  const server = createServer()
  servers.push(server)
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  return port
}

describe('ports', () => {
  test('finds the sockets that listen, not those that are connected', () => {
    expect(listeningInodes(TABLE, 5433)).toEqual(['41877'])
    expect(listeningInodes(TABLE, 22)).toEqual(['20115'])
    expect(listeningInodes(TABLE, 58232)).toEqual([])
    expect(listeningInodes(TABLE6, 9092)).toEqual(['52010'])
    expect(listeningInodes('', 22)).toEqual([])
  })

  test("reads lsof's fields", () => {
    expect(parseLsof('p501\ncpostgres\nf7\n')).toEqual({ pid: 501, command: 'postgres' })
    expect(parseLsof('')).toBeUndefined()
  })

  test.each(['127.0.0.1', '0.0.0.0', '::'])('names who holds a port on %s', async (host) => {
    const port = await listen(host)
    expect(await portHolder(port)).toMatchObject({ pid: process.pid })
    await expect(assertPortFree(port, 'Kafka', 'CROSSTIDE_KAFKA_PORT')).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringMatching(new RegExp(`port ${port} for Kafka .*pid ${process.pid}.*CROSSTIDE_KAFKA_PORT`)),
    })
  })

  test('lets a free port pass', async () => {
    const port = await freePort()
    expect(await portHolder(port)).toBeUndefined()
    await expect(assertPortFree(port, 'Kafka', 'CROSSTIDE_KAFKA_PORT')).resolves.toBeUndefined()
  })
})
