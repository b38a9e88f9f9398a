import type { SessionInspection } from '../producers/inspection.ts'
import { inspectRecording } from './inspect-recording.ts'
import { formatTable } from './table.ts'

/** `crosstide recording inspect DIR`: what the recorded sessions in a folder decode to. Answers the exit code. */
export async function inspect(directory: string, json: boolean): Promise<number> {
  const inspection = await inspectRecording(directory)
  if (json) {
    process.stdout.write(`${JSON.stringify(inspection, null, 2)}\n`)
    return 0
  }
  for (const [name, session] of Object.entries(inspection.sessions))
    process.stdout.write(`${describe(name, session)}\n\n`)
  for (const [name, addresses] of Object.entries(inspection.withoutAdapter)) {
    process.stdout.write(`${name}: no adapter for ${addresses.join(', ')}\n`)
  }
  return 0
}

function describe(
  name: string,
  { exchange, frames, trades, quotes, ignored, faults, symbols }: SessionInspection,
): string {
  const left = Object.entries(ignored).map(([channel, count]) => `${count} ${channel}`)
  return [
    `${name} (${exchange})`,
    `${frames} frames: ${trades} trades, ${quotes} quotes, ${faults} faults, ignored: ${left.join(', ') || 'none'}`,
    formatTable(
      ['symbol', 'at the exchange', 'trades', 'quotes'],
      Object.entries(symbols).map(([symbol, counts]) => [symbol, counts.nativeSymbol, counts.trades, counts.quotes]),
    ),
  ].join('\n')
}
