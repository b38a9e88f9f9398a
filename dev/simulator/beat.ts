import { isListening, type Connection, type Outbox } from './outbox.ts'

export const BEAT_MS = 1000

/** What is due each second on a connection: heartbeat, ping, and the end of one that does not do its part. */
export function beat(connection: Connection, outbox: Outbox, nowMs: number): void {
  const { dialect, socket, openedAtMs, pongAtMs, subscription } = connection
  if (!isListening(connection)) return
  const aged = nowMs - openedAtMs
  if (dialect.ping !== undefined) {
    const { everyMs, withinMs } = dialect.ping
    if (aged % everyMs < BEAT_MS && aged >= BEAT_MS) socket.ping(String(Math.floor(nowMs)))
    if (nowMs - pongAtMs > everyMs + withinMs) return socket.close(1008, 'Pong timeout')
  }
  const isMute = subscription.trades.size + subscription.quotes.size === 0 && !subscription.heartbeats
  if (dialect.subscribeWithinMs !== undefined && isMute && aged > dialect.subscribeWithinMs) return socket.close(1008)
  if (!connection.idle) connection.activeAtMs = nowMs
  else if (dialect.idle !== undefined && nowMs - connection.activeAtMs > dialect.idle.withinMs)
    return socket.close(dialect.idle.code, dialect.idle.reason)
  connection.beats += 1
  const frame = dialect.heartbeat(subscription, connection.beats, connection.idle)
  if (frame !== undefined) outbox.reply(connection, frame, 'heartbeat')
  connection.idle = true
}
