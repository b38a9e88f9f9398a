import { connect, type Socket } from 'node:net'

/** So many TCP connections that say nothing; `open` of them still stand. */
export type Idlers = { open(): number; end(): void }

export async function idle(port: number, count: number): Promise<Idlers> {
  const sockets: Socket[] = []
  for (let at = 0; at < count; at += 250)
    await Promise.all(
      Array.from({ length: Math.min(250, count - at) }, async () => {
        const socket = connect(port, '127.0.0.1')
        sockets.push(socket)
        // Being closed is what some of them are for.
        socket.on('error', () => undefined)
        await new Promise((resolve) => {
          socket.once('connect', resolve)
          socket.once('close', resolve)
        })
        socket.resume()
      }),
    )
  return {
    open: () => sockets.filter(({ destroyed, readyState }) => !destroyed && readyState === 'open').length,
    end() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Milliseconds of each of `count` requests, one after the other, each on a connection of its own. */
export async function timesOf(url: string, count: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const began = performance.now()
    const { status } = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(10_000) })
    if (status !== 200) throw new Error(`status ${status}`)
    times.push(performance.now() - began)
  }
  return times.toSorted((a, b) => a - b)
}
