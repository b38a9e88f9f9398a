import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findJava, findMaven, newest, parseJavaVersion } from '../../dev/java.ts'

/** A home whose `java` only says its version, in the words of a real one. */
async function fakeJava(home: string, words: string): Promise<void> {
  await mkdir(join(home, 'bin'), { recursive: true })
  await writeFile(join(home, 'bin', 'java'), `#!/bin/sh\ncat >&2 <<'END'\n${words}\nEND\n`)
  await chmod(join(home, 'bin', 'java'), 0o755)
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosstide-java-'))
  await fakeJava(join(folder, 'ninety-nine'), 'openjdk version "99.0.1" 2070-01-01')
  await fakeJava(join(folder, 'seventeen'), 'openjdk version "17.0.15" 2025-04-15')
})
afterAll(() => rm(folder, { recursive: true }))

describe('java', () => {
  test.each([
    // First lines of `java -version` as printed by Debian's OpenJDK 17, Temurin 25, Oracle 8 and an early-access build.
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "25.0.1" 2025-10-21 LTS', 25],
    ['java version "1.8.0_392"', 8],
    ['openjdk version "26-ea" 2026-03-17', 26],
    ['The operation could not be completed. Unable to locate a Java Runtime.', undefined],
  ])('reads the feature version of %j', (text, version) => expect(parseJavaVersion(text)).toBe(version))

  test('takes the newest of at least 21, and the first of equals', () => {
    const found = [
      { java: 'a', version: 17 },
      { java: 'b', version: 21 },
      { java: 'c', version: 25 },
      { java: 'd', version: 25 },
      { java: 'e', version: undefined },
    ]
    expect(newest(found)).toEqual({ java: 'c', version: 25 })
    expect(newest(found.slice(0, 1))).toBeUndefined()
  })

  test('finds a newer Java behind an older one on the path', async () => {
    const path = ['seventeen', 'ninety-nine'].map((home) => join(folder, home, 'bin')).join(':')
    expect(await findJava({ PATH: path })).toEqual({ java: join(folder, 'ninety-nine', 'bin', 'java'), version: 99 })
  })

  test('takes CROSSTIDE_JAVA_HOME at its word, and says what is wrong with it', async () => {
    const chosen = { PATH: '', CROSSTIDE_JAVA_HOME: join(folder, 'ninety-nine') }
    expect(await findJava(chosen)).toMatchObject({ version: 99 })
    const old = { ...chosen, CROSSTIDE_JAVA_HOME: join(folder, 'seventeen') }
    await expect(findJava(old)).rejects.toMatchObject({
      code: 'BAD_ENVIRONMENT',
      message: expect.stringContaining('is Java 17; Java 21'),
    })
    const none = { ...chosen, CROSSTIDE_JAVA_HOME: folder }
    await expect(findJava(none)).rejects.toMatchObject({ code: 'BAD_ENVIRONMENT' })
  })

  test('finds Maven on the path only if it can be run', async () => {
    const bin = join(folder, 'maven', 'bin')
    await mkdir(bin, { recursive: true })
    await writeFile(join(bin, 'mvn'), '', { mode: 0o644 })
    expect(await findMaven({ PATH: bin })).toBeUndefined()
    await chmod(join(bin, 'mvn'), 0o755)
    expect(await findMaven({ PATH: bin })).toBe(join(bin, 'mvn'))
    expect(await findMaven({ MAVEN_HOME: join(folder, 'maven') })).toBe(join(bin, 'mvn'))
  })
})
