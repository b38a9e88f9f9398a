import { readSessions } from '../io/recording-files.ts'
import { inspect, type Inspection } from '../producers/inspection.ts'
import { parseRecording } from '../producers/recording.ts'

/** What the recorded sessions in a folder decode to. Throws WRONG_USE if there are none. */
export async function inspectRecording(dir: string): Promise<Inspection> {
  const sessions = await readSessions(dir)
  return inspect(
    sessions.map(({ name, files }) =>
      parseRecording(
        name,
        files.map((file) => file.text),
      ),
    ),
  )
}
