import { spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheFolder } from '../../dev/cache.ts'
import { cachedJars, downloadedBytes, ensureJars, mavenFailure, type JarsOptions } from '../../dev/jars.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-jars-'))
})
afterEach(() => rm(folder, { recursive: true }))

const FETCHES = `
echo "Downloading from central: https://example.org/kafka_2.13-4.3.1.jar"
sleep 0.3
echo "Downloaded from central: https://example.org/kafka_2.13-4.3.1.jar (12 MB at 30 MB/s)"
mkdir -p target/kafka target/registry
touch target/kafka/kafka_2.13.jar target/kafka/a.jar target/kafka/notes.txt target/registry/quarkus-run.jar
echo run >> "$RUNS"`

/** A `mvn` on the path that does what the script says; the options to fetch with it. */
async function maven(script: string, more: Partial<JarsOptions> = {}): Promise<JarsOptions> {
  await writeFile(join(folder, 'mvn'), `#!/bin/sh\n${script}\n`)
  await chmod(join(folder, 'mvn'), 0o755)
  return {
    variables: { PATH: `${folder}:${process.env['PATH']}`, RUNS: join(folder, 'runs') },
    java: { java: '/opt/java/bin/java', version: 21 },
    cacheDir: join(folder, 'cache'),
    ...more,
  }
}

describe('jars', () => {
  test('are fetched once, say how far they are, and are there from then on', async () => {
    const said: string[] = []
    const options = await maven(FETCHES, { onProgress: (text) => said.push(text) })
    expect(await cachedJars(options)).toBeUndefined()
    const jars = await ensureJars(options)
    expect(said).toEqual(['0 MB, kafka_2.13-4.3.1.jar'])
    expect(jars.kafka.map((file) => file.slice(jars.folder.length))).toEqual(['/kafka/a.jar', '/kafka/kafka_2.13.jar'])
    expect(await ensureJars(options)).toEqual(jars)
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('run\n')
    expect(await readdir(join(folder, 'cache'))).toHaveLength(1)
  })

  test('are fetched by one of two processes, and both have them', async () => {
    const { variables, cacheDir } = await maven(FETCHES)
    const script = `import { ensureJars } from ${JSON.stringify(new URL('../../dev/jars.ts', import.meta.url).href)}
      const jars = await ensureJars({ variables: process.env, java: { java: '/opt/java/bin/java', version: 21 }, cacheDir: process.env.CACHE })
      console.log(jars.kafka.length)`
    const ends = [1, 2].map(
      () =>
        new Promise<string>((resolve) => {
          const env = { ...variables, CACHE: cacheDir }
          const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env })
          let said = ''
          child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
          child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
          child.once('close', () => resolve(said))
        }),
    )
    expect(await Promise.all(ends)).toEqual(['2\n', '2\n'])
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('run\n')
  })

  test.each([
    ['Maven fails', `${FETCHES}\necho "[ERROR] Unknown host repo.example.org"; exit 1`, /check the network/],
    ['Maven brings half', 'mkdir -p target/kafka; touch target/kafka/kafka_2.13.jar', /fetched no jars/],
  ])('are complete or not there: when %s nothing stays', async (_, script, message) => {
    const options = await maven(script)
    const failure: unknown = await ensureJars(options).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'STACK_FAILED' })
    expect(String(failure)).toMatch(message)
    expect(await cachedJars(options)).toBeUndefined()
    expect(await readdir(join(folder, 'cache'))).toEqual([])
  })

  test('need Maven only when they are not there yet', async () => {
    const options = await maven(FETCHES)
    const without = { ...options, variables: { PATH: '' } }
    const failure: unknown = await ensureJars(without).catch((error: unknown) => error)
    expect(String(failure)).toMatch(/no mvn on the path[^]*apt install[^]*brew install/)
    const jars = await ensureJars(options)
    expect(await ensureJars(without)).toEqual(jars)
  })

  test('a fetch that is given up ends Maven and leaves nothing', async () => {
    const abort = new AbortController()
    const options = await maven('sleep 30', { signal: abort.signal })
    setTimeout(() => abort.abort(), 200)
    await expect(ensureJars(options)).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(join(folder, 'cache'))).toEqual([])
  })
})

describe("Maven's words", () => {
  test.each([
    // As printed by Maven 3.8.7 with -B.
    ['Downloaded from central: https://example.org/a/kafka_2.13-4.3.1.jar (5.6 MB at 22 MB/s)', 5_600_000],
    ['[INFO] Downloaded from central: https://example.org/a.pom (7.2 kB at 12 kB/s)', 7200],
    ['Downloaded from central: https://example.org/a.pom (311 B at 1.0 kB/s)', 311],
    ['Downloading from central: https://example.org/a.pom', 0],
    ['[INFO] BUILD SUCCESS', 0],
  ])('%j are a download of %d bytes', (line, bytes) => expect(downloadedBytes(line)).toBe(bytes))

  test('a failure shows its first errors and what to do', () => {
    const lines = [
      '[INFO] Scanning',
      '[ERROR] Could not transfer artifact: Connection refused',
      '[ERROR] b',
      '[ERROR] c',
      '[ERROR] d',
    ]
    expect(mavenFailure(lines)).toContain('Connection refused')
    expect(mavenFailure(lines)).toContain('settings.xml')
    expect(mavenFailure(lines)).not.toContain('[ERROR] d')
    expect(mavenFailure(['no JDK here'])).toContain('no JDK here')
  })
})

test('the cache folder is the one of the system, unless XDG_CACHE_HOME names an absolute one', () => {
  expect(cacheFolder({ HOME: '/home/ada' }, 'linux')).toBe('/home/ada/.cache/crosstide')
  expect(cacheFolder({ HOME: '/Users/ada' }, 'darwin')).toBe('/Users/ada/Library/Caches/crosstide')
  expect(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: '/big/cache' }, 'linux')).toBe('/big/cache/crosstide')
  expect(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: 'relative' }, 'linux')).toBe('/home/ada/.cache/crosstide')
})
