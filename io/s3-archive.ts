import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PipelineError } from '../core/errors.ts'
import { foldersOf, type ArchiveStore } from './archive-store.ts'
import type { Environment } from './environment.ts'
import { openBucket, type Bucket } from './s3.ts'

/** An archive under a prefix of a bucket, with the layout it has in a folder. Files are put together on this machine. */
export function bucketStore(bucket: Bucket, prefix: string): ArchiveStore {
  const keyOf = (name: string): string => (prefix === '' ? name : `${prefix}/${name}`)
  const namesBelow = async (path: string): Promise<readonly string[]> =>
    (await bucket.keys(path)).map((key) => key.slice(path.length))
  let staging: Promise<string> | undefined
  let staged = 0
  return {
    // Only what lies in the folder itself.
    files: async (folder) => (await namesBelow(keyOf(`${folder}/`))).filter((name) => !name.includes('/')),
    folders: async () => foldersOf(await namesBelow(keyOf(''))),
    async stage(folder) {
      staging ??= mkdtemp(join(tmpdir(), 'crosstide-archive-'))
      await bucket.abandonUploads(keyOf(`${folder}/`))
      return join(await staging, `${staged++}.partial`)
    },
    async publish(path, name) {
      const key = keyOf(name)
      const sent = await bucket.upload(key, path)
      const kept = createHash('sha256')
      for await (const chunk of bucket.download(key)) kept.update(chunk)
      if (kept.digest('hex') !== sent) {
        await bucket.remove(key)
        throw new PipelineError('ARCHIVE_DAMAGED', `${key} reads back otherwise than it was sent, and was removed`)
      }
      await rm(path, { force: true })
    },
    read: (name) => bucket.download(keyOf(name)),
    async close() {
      if (staging !== undefined) await rm(await staging, { recursive: true, force: true })
    },
  }
}

/** The archive that `s3://bucket/prefix` names. Throws WRONG_USE; credentials come from the environment alone. */
export function openS3Archive(address: string, endpoint: string | undefined, environment: Environment): ArchiveStore {
  const [, bucket, path = ''] = /^s3:\/\/([a-z\d][a-z\d.-]{1,61}[a-z\d])(?:\/(.*))?$/.exec(address) ?? []
  if (bucket === undefined) throw new PipelineError('WRONG_USE', `"${address}" is not s3://BUCKET/PREFIX`)
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION } = environment
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined)
    throw new PipelineError('WRONG_USE', 'S3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment')
  const at = endpoint ?? environment.AWS_ENDPOINT_URL ?? `https://s3.${AWS_REGION}.amazonaws.com`
  if (!URL.canParse(at) || !/^https?:$/.test(new URL(at).protocol) || new URL(at).username !== '')
    throw new PipelineError('WRONG_USE', '--endpoint is not an address like https://s3.example.org')
  const identity = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
  return bucketStore(
    openBucket({ ...identity, sessionToken: AWS_SESSION_TOKEN, endpoint: at, bucket, region: AWS_REGION }),
    path.replace(/\/+$/, ''),
  )
}
