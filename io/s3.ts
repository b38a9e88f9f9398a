import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { AwsClient } from 'aws4fetch'
import { ExponentialBackoff, handleType, retry } from 'cockatiel'
import { PipelineError } from '../core/errors.ts'

/** Where a bucket is and who we are there. The secret leaves this module only as a signature. */
export type BucketOptions = {
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
  /** Size of a part of a large file; S3 takes none below 5 MiB but the last. */
  readonly partBytes?: number
}

export type Bucket = {
  /** Keys of whole objects, in S3's order. */
  keys(prefix: string): Promise<readonly string[]>
  /** Sends a file; an object is there when all of it is. Answers the SHA-256 of what was sent. */
  upload(key: string, path: string): Promise<string>
  /** An object's bytes; a broken connection is taken up again where it broke. */
  download(key: string): AsyncGenerator<Buffer>
  remove(key: string): Promise<void>
  /** Ends uploads of parts that were never completed: they are no objects, but they are paid for. */
  abandonUploads(prefix: string): Promise<void>
}

const PART_BYTES = 16 * 1024 * 1024
const MAX_PARTS = 10_000
const ATTEMPTS = 5
const REQUEST_MS = 120_000

/** A passing failure: the same request may do in a moment. */
class Transient extends Error {}

/** Any endpoint that speaks S3, addressed by path. Throws ARCHIVE_UNAVAILABLE. */
export function openBucket({ endpoint, bucket, partBytes = PART_BYTES, ...identity }: BucketOptions): Bucket {
  const client = new AwsClient({
    ...identity,
    service: 's3',
    retries: 0,
    sessionToken: identity.sessionToken ?? '',
  })
  const root = `${endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}`
  const policy = retry(handleType(Transient), {
    maxAttempts: ATTEMPTS - 1,
    backoff: new ExponentialBackoff({ initialDelay: 200, maxDelay: 5000 }),
  })

  async function once(request: Request): Promise<Response> {
    const { method, key = '', query = {}, body, headers = {}, isLong = false } = request
    const search = new URLSearchParams(query).toString().replaceAll('+', '%20')
    const path = key.split('/').map(encodeURIComponent).join('/')
    const what = `${method} s3://${bucket}/${key}`
    const response = await client
      .fetch(`${root}${key === '' ? '' : '/'}${path}${search === '' ? '' : '?'}${search}`, {
        method,
        // A redirect would take the signature elsewhere.
        redirect: 'manual',
        headers: { ...headers, 'x-amz-content-sha256': sha256(body ?? Buffer.alloc(0)) },
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
        ...(isLong ? {} : { signal: AbortSignal.timeout(REQUEST_MS) }),
      })
      .catch((cause: unknown) => {
        throw new Transient(`${what}: no answer from ${endpoint}`, { cause })
      })
    if (response.ok) return response
    const code = tagOf('Code', await response.text().catch(() => ''))
    const text = `${what}: ${endpoint} answers ${response.status} ${code ?? ''}`.trim()
    if (response.status >= 500 || response.status === 429) throw new Transient(text)
    throw new PipelineError('ARCHIVE_UNAVAILABLE', text)
  }

  const patiently = async <Result>(attempt: () => Promise<Result>): Promise<Result> => {
    try {
      return await policy.execute(attempt)
    } catch (error) {
      if (!(error instanceof Transient)) throw error
      throw new PipelineError('ARCHIVE_UNAVAILABLE', error.message, { cause: error.cause, retriable: true })
    }
  }
  /** Answers headers and text. What S3 reports inside a 200 is a failure too: completing an upload may take a while. */
  const ask = (request: Request): Promise<{ readonly headers: Headers; readonly text: string }> =>
    patiently(async () => {
      const response = await once(request)
      const text = await response.text().catch((cause: unknown) => {
        throw new Transient(`${request.method}: the answer broke off`, { cause })
      })
      if (/<Error>/.test(text)) throw new Transient(`${request.method} ${request.key}: ${tagOf('Code', text)}`)
      return { headers: response.headers, text }
    })

  async function pages(query: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const texts: string[] = []
    for (let token: string | undefined = ''; token !== undefined;) {
      const from: Record<string, string> = token === '' ? {} : { 'continuation-token': token }
      const { text } = await ask({ method: 'GET', query: { 'list-type': '2', ...query, ...from } })
      texts.push(text)
      token = tagOf('IsTruncated', text) === 'true' ? tagOf('NextContinuationToken', text) : undefined
    }
    return texts
  }

  async function uploadParts(key: string, parts: AsyncIterable<Buffer>): Promise<void> {
    const { text } = await ask({ method: 'POST', key, query: { uploads: '' } })
    const uploadId = tagOf('UploadId', text)
    if (uploadId === undefined) throw new PipelineError('ARCHIVE_UNAVAILABLE', `s3://${bucket}/${key}: no upload id`)
    try {
      const tags: string[] = []
      for await (const body of parts) {
        const query = { partNumber: String(tags.length + 1), uploadId }
        const { headers } = await ask({ method: 'PUT', key, query, body })
        tags.push(headers.get('etag') ?? '')
      }
      const list = tags.map((tag, n) => `<Part><PartNumber>${n + 1}</PartNumber><ETag>${tag}</ETag></Part>`).join('')
      const body = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`)
      await ask({ method: 'POST', key, query: { uploadId }, body })
    } catch (error) {
      await ask({ method: 'DELETE', key, query: { uploadId } }).catch(() => undefined)
      throw error
    }
  }

  return {
    keys: async (prefix) => (await pages({ prefix })).flatMap((text) => tagsOf('Key', text)),
    async upload(key, path) {
      const file = await open(path)
      const hash = createHash('sha256')
      try {
        const { size } = await file.stat()
        const step = Math.max(partBytes, Math.ceil(size / MAX_PARTS))
        const parts = async function* (): AsyncGenerator<Buffer> {
          for (let at = 0; at < size; at += step) {
            const part = Buffer.alloc(Math.min(step, size - at))
            const { bytesRead } = await file.read(part, 0, part.length, at)
            if (bytesRead !== part.length) throw new Error(`${path} shrank while it was read`)
            hash.update(part)
            yield part
          }
        }
        if (size > step) await uploadParts(key, parts())
        else for await (const body of parts()) await ask({ method: 'PUT', key, body })
        return hash.digest('hex')
      } finally {
        await file.close()
      }
    },
    async *download(key) {
      for (let [at, failures] = [0, 0]; ;) {
        const headers: Record<string, string> = at === 0 ? {} : { range: `bytes=${at}-` }
        const response = await patiently(() => once({ method: 'GET', key, headers, isLong: true }))
        // An endpoint may begin anew all the same.
        let known = response.status === 206 ? 0 : at
        try {
          for await (const chunk of response.body ?? []) {
            const fresh = Buffer.from(chunk).subarray(known)
            known = Math.max(0, known - chunk.byteLength)
            at += fresh.byteLength
            if (fresh.byteLength > 0) yield fresh
          }
          return
        } catch (cause) {
          if (++failures >= ATTEMPTS)
            throw new PipelineError('ARCHIVE_UNAVAILABLE', `s3://${bucket}/${key}: broke off at ${at}`, { cause })
        }
      }
    },
    remove: async (key) => void (await ask({ method: 'DELETE', key })),
    async abandonUploads(prefix) {
      const { text } = await ask({ method: 'GET', query: { uploads: '', prefix } })
      const keys = tagsOf('Key', text)
      for (const [n, uploadId] of tagsOf('UploadId', text).entries()) {
        const key = keys[n]
        if (key?.startsWith(prefix)) await ask({ method: 'DELETE', key, query: { uploadId } })
      }
    },
  }
}

type Request = {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Its body is read for as long as it takes. */
  readonly isLong?: boolean
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Texts of an element, in order. S3's answers are flat enough for it, and a whole parser would be one more dependency. */
const tagsOf = (name: string, xml: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) =>
    text.replace(/&(amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);/gi, (whole, entity: string) => characterOf(entity) ?? whole),
  )
const tagOf = (name: string, xml: string): string | undefined => tagsOf(name, xml)[0]

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function characterOf(entity: string): string | undefined {
  if (!entity.startsWith('#')) return NAMED[entity.toLowerCase()]
  const code = Number(entity.slice(1).replace(/^x/i, '0x'))
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : undefined
}
