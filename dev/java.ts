import { execFile } from 'node:child_process'
import { access, constants, readdir, realpath } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { PipelineError } from '../core/errors.ts'

const run = promisify(execFile)

/** The registry's classes are of Java 21; on an older one it dies at once. */
export const JAVA_MINIMUM = 21

export type Java = { readonly java: string; readonly version: number }

/** The environment's variables, as `main.ts` hands them on: `CROSSTIDE_JAVA_HOME`, `JAVA_HOME`, `PATH`, `HOME`, `XDG_CACHE_HOME`. */
export type Variables = Readonly<Record<string, string | undefined>>

export const JAVA_ADVICE = [
  'Java 21 or newer runs Kafka and the schema registry; Maven fetches them once.',
  '  Debian 13, Ubuntu: apt install openjdk-21-jre-headless maven',
  '  Debian 12:         apt install maven, and temurin-21-jre by adoptium.net (its own Java is 17)',
  '  macOS:             brew install openjdk maven',
  'A Java elsewhere is named by CROSSTIDE_JAVA_HOME. No Java is needed where KAFKA_BROKERS and SCHEMA_REGISTRY_URL are set.',
].join('\n')

/**
 * The newest Java of at least 21 of `JAVA_HOME`, `/usr/lib/jvm`, macOS's own list, Homebrew and the path, wherever it stands
 * on the path. `CROSSTIDE_JAVA_HOME` is the user's word and wins; if it is too old or no Java, BAD_ENVIRONMENT says so.
 */
export async function findJava(variables: Variables): Promise<Java | undefined> {
  const wanted = variables['CROSSTIDE_JAVA_HOME']
  if (wanted !== undefined && wanted !== '') {
    const java = join(wanted, 'bin', 'java')
    const version = await versionOf(java)
    if (version !== undefined && version >= JAVA_MINIMUM) return { java, version }
    const found = version === undefined ? 'holds no bin/java that runs' : `is Java ${version}`
    throw new PipelineError('BAD_ENVIRONMENT', `CROSSTIDE_JAVA_HOME=${wanted} ${found}; Java ${JAVA_MINIMUM} is needed`)
  }
  const found = await Promise.all(
    (await candidates(variables)).map(async (java) => ({ java, version: await versionOf(java) })),
  )
  return newest(found)
}

/** As {@link findJava}, but throws BAD_ENVIRONMENT with advice where there is none. */
export async function requireJava(variables: Variables): Promise<Java> {
  const java = await findJava(variables)
  if (java === undefined) throw new PipelineError('BAD_ENVIRONMENT', `no Java ${JAVA_MINIMUM} found\n${JAVA_ADVICE}`)
  return java
}

/** The `mvn` on the path, or under `MAVEN_HOME`. */
export async function findMaven(variables: Variables): Promise<string | undefined> {
  const home = variables['MAVEN_HOME']
  const folders = [...(home === undefined || home === '' ? [] : [join(home, 'bin')]), ...onPath(variables)]
  for (const file of folders.map((folder) => join(folder, 'mvn'))) {
    if (await isExecutable(file)) return file
  }
  return undefined
}

/** A JVM takes file names from the locale: under `LANG=C` it cannot open a folder with an umlaut in its name. */
export const javaEnvironment = (variables: Variables): Variables =>
  process.platform === 'linux' ? { ...variables, LC_ALL: 'C.UTF-8' } : variables

/** Pure: the first newest one of at least the minimum. */
export function newest(
  found: readonly { readonly java: string; readonly version: number | undefined }[],
): Java | undefined {
  let best: Java | undefined
  for (const { java, version } of found) {
    if (version !== undefined && version >= JAVA_MINIMUM && (best === undefined || version > best.version))
      best = { java, version }
  }
  return best
}

/** Pure: the feature version in what `java -version` prints; `1.8.0_392` is 8. */
export function parseJavaVersion(text: string): number | undefined {
  const found = /version "(?:1\.)?(\d+)/.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

async function versionOf(java: string): Promise<number | undefined> {
  // macOS has a `java` stub without a Java behind it, which asks the user to install one: it answers with an error.
  const answer = await run(java, ['-version'], { timeout: 10_000 }).catch(() => undefined)
  return answer === undefined ? undefined : parseJavaVersion(answer.stderr + answer.stdout)
}

async function candidates(variables: Variables): Promise<readonly string[]> {
  const home = variables['JAVA_HOME']
  const folders = [
    ...(home === undefined || home === '' ? [] : [join(home, 'bin')]),
    ...(await below('/usr/lib/jvm', 'bin')),
    ...(await below('/Library/Java/JavaVirtualMachines', 'Contents/Home/bin')),
    '/opt/homebrew/opt/openjdk/bin',
    '/usr/local/opt/openjdk/bin',
    ...onPath(variables),
  ]
  const real = await Promise.all(
    folders.map((folder) =>
      realpath(join(folder, 'java')).then(
        (file) => file,
        () => undefined,
      ),
    ),
  )
  return [...new Set(real.filter((file) => file !== undefined))]
}

async function below(folder: string, rest: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.map((name) => join(folder, name, rest))
}

const onPath = (variables: Variables): readonly string[] =>
  (variables['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')

const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
