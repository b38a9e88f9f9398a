import { createServer, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { openBucket } from '../../io/s3.ts'

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
let server: Server | undefined

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** Breaks off the first answer in its middle. `knowsRanges`: what is asked next begins where it broke. */
async function download(knowsRanges: boolean): Promise<Buffer> {
  let asked = 0
  server = createServer((request, response) => {
    asked++
    const [, from = '0'] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
    const rest = knowsRanges ? BYTES.subarray(Number(from)) : BYTES
    response.writeHead(knowsRanges && from !== '0' ? 206 : 200, { 'content-length': rest.length })
    if (asked > 1) response.end(rest)
    else response.write(rest.subarray(0, 90_000), () => setTimeout(() => response.destroy(), 50))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const bucket = openBucket({
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'archive',
    region: 'us-east-1',
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    sessionToken: undefined,
  })
  const chunks: Buffer[] = []
  for await (const chunk of bucket.download('key')) chunks.push(chunk)
  expect(asked).toBe(2)
  return Buffer.concat(chunks)
}

test('a download that breaks off goes on where it broke', async () => {
  expect((await download(true)).equals(BYTES)).toBe(true)
})

test('an endpoint that knows no ranges and begins anew doubles nothing', async () => {
  expect((await download(false)).equals(BYTES)).toBe(true)
})
