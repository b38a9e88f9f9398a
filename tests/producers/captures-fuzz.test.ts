import { describe, expect, test } from 'vitest'
import { readSessions } from '../../io/recording-files.ts'
import { decode } from '../../producers/adapter.ts'
import { parseRecording, playable } from '../../producers/recording.ts'
import { CAPTURES, hasCaptures } from '../support/captures.ts'
import { fuzzLaws } from './fuzz.ts'

/** Of each thing that a connection's frames are. Books are long and one like the other. */
const FRAMES_PER_KIND = 40
const LONGEST = 2000

const sessions = hasCaptures ? await readSessions(CAPTURES) : []

describe.skipIf(!hasCaptures)('recorded frames (skipped where ../shared/captures is absent)', () => {
  test('were read', () => expect(sessions).not.toEqual([]))

  for (const { name, files } of sessions) {
    const recording = parseRecording(
      name,
      files.map(({ text }) => text),
    )
    for (const { connection, adapter } of playable(recording)) {
      const byKind = Map.groupBy(connection.frames, ({ text, time }) => {
        const one = decode(adapter, text, time)
        return one.kind === 'ticks' ? `ticks ${one.ticks[0]?.payload.kind}` : one.kind
      })
      const frames = [...byKind.values()].flatMap((same) =>
        same
          .map(({ text }) => text)
          .filter((text) => text.length < LONGEST)
          .slice(0, FRAMES_PER_KIND),
      )
      describe(`of ${name}`, () => {
        fuzzLaws(adapter, frames)
      })
    }
  }
})
