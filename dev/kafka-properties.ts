/** A broker's number, counted from 1, and the ports of all controllers by number. */
export type Place = { readonly nodeId: number; readonly controllerPorts: readonly number[] }

/** Pure: the broker's settings; kafka-client.md section 10 gives the reasons of the first block. */
export function kafkaProperties(
  options: Place & {
    readonly folder: string
    readonly port: number
  },
): string {
  const { folder, port, nodeId, controllerPorts } = options
  const replicas = Math.min(3, controllerPorts.length)
  const inSync = Math.max(1, replicas - 1)
  const settings = {
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'num.partitions': 6,

    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'controller.quorum.voters': controllerPorts.map((at, index) => `${index + 1}@127.0.0.1:${at}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPorts[nodeId - 1]}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': folder,

    // A killed broker is let in again only when its old session has ended; the defaults (9 s, 2 s) are for a network.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    // The default takes 128 MiB of the 512 MiB heap, for a compaction that here is small.
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    // The cluster's own log would keep 100 MB in segments of 1 GiB.
    'metadata.log.segment.bytes': 16 * 1024 * 1024,
    'metadata.max.retention.bytes': 32 * 1024 * 1024,
    'log.retention.check.interval.ms': 60_000,
    'num.recovery.threads.per.data.dir': 2,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${escaped(String(value))}\n`)
    .join('')
}

/** Java reads properties as Latin-1 with `\\` for an escape; a folder's name may hold anything. */
const escaped = (value: string): string =>
  value.replace(/\\|[^ -~]/g, (char) =>
    char === '\\' ? '\\\\' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
