import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Where an archive lies. Names are paths below it, with `/`; only whole files have one. */
export type ArchiveStore = {
  /** Names, without their folder, of the files in one folder; none if it is not there. */
  files(folder: string): Promise<readonly string[]>
  /** Every folder that has a file, at any depth. */
  folders(): Promise<readonly string[]>
  /** Path of a new local file to be published in a folder; what a killed run left half done there is cleared away. */
  stage(folder: string): Promise<string>
  /** Gives a staged file its name. Killed at any moment, the archive has all of it or nothing. */
  publish(staged: string, name: string): Promise<void>
  /** A file's bytes. */
  read(name: string): AsyncIterable<Buffer>
  close(): Promise<void>
}

const PARTIAL = 'unfinished.partial'

/** An archive in a folder of this machine. */
export function folderStore(root: string): ArchiveStore {
  return {
    async files(folder) {
      return readdir(join(root, folder)).catch(absent)
    },
    async folders() {
      const entries = await readdir(root, { recursive: true }).catch(absent)
      return foldersOf(entries.map((path) => path.replaceAll('\\', '/')))
    },
    async stage(folder) {
      await mkdir(join(root, folder), { recursive: true })
      const path = join(root, folder, PARTIAL)
      await rm(path, { force: true })
      return path
    },
    publish: (staged, name) => rename(staged, join(root, name)),
    read: (name) => createReadStream(join(root, name)),
    close: () => Promise.resolve(),
  }
}

/** The folders of files, each once. */
export const foldersOf = (names: readonly string[]): readonly string[] => [
  ...new Set(names.filter((name) => name.endsWith('.avro')).map((name) => name.slice(0, name.lastIndexOf('/')))),
]

function absent(error: NodeJS.ErrnoException): readonly string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
