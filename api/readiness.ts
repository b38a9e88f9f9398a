/** One thing that must hold; `problem` says what is wrong as a sentence. */
export type Check = { readonly name: string; readonly problem: string | undefined }

export type Readiness = {
  /** The state found by the latest round, so that asking costs nothing however often it is done. */
  readonly checks: () => readonly Check[]
  readonly problems: () => readonly string[]
  readonly stop: () => void
}

const ROUND_MS = 2000
/** A dependency that hangs is as good as absent. */
const PATIENCE_MS = 5000

/** Runs every check again and again; a check answers its problem or throws it. */
export async function watchReadiness(
  checks: Readonly<Record<string, () => Promise<string | undefined>>>,
): Promise<Readiness> {
  let latest: readonly Check[] = []
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const round = async (): Promise<void> => {
    latest = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => ({ name, problem: await withPatience(check) })),
    )
    if (!stopped) timer = setTimeout(() => void round(), ROUND_MS).unref()
  }
  await round()
  return {
    checks: () => latest,
    problems: () => latest.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`])),
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

async function withPatience(check: () => Promise<string | undefined>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const impatience = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer for ${PATIENCE_MS / 1000} s`), PATIENCE_MS)
  })
  try {
    return await Promise.race([check(), impatience])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
  }
}
