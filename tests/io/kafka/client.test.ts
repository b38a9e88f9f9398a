import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { compressionType } from '../../../io/kafka/client.ts'
import { lz4, snappyCodec, zstd } from '../../../io/kafka/codecs.ts'

/** Of every file below `src` of kafkajs 2.2.4, as `find src -type f | LC_ALL=C sort | xargs sha256sum | sha256sum` says. */
const SOURCE_HASH = 'e3b9017c8fcbb168cd9fd47572f0792a5ae407a192c53c7e22dae6de86355dba'

test('the private files that the client relies on and mends are those it was written for', () => {
  const root = dirname(createRequire(import.meta.url).resolve('kafkajs/package.json'))
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')
  const lines = files.map((file) => `${sha256(readFileSync(join(root, file)))}  ${file}\n`)
  expect(sha256(lines.join(''))).toBe(SOURCE_HASH)
})

const CODECS = { lz4, snappy: snappyCodec, zstd }

test.each(['lz4', 'snappy', 'zstd'] as const)('%s reads what it wrote', async (name) => {
  const raw = Buffer.from('tick '.repeat(10_000))
  const packed = await CODECS[name].compress({ buffer: raw })
  expect(packed.length).toBeLessThan(raw.length)
  expect((await CODECS[name].decompress(packed)).equals(raw)).toBe(true)
})

test('kafkajs has all of them once the client is loaded', () => {
  expect(compressionType('zstd')).toBe(4)
  const { CompressionCodecs, CompressionTypes } = kafkajs
  expect(CompressionCodecs[CompressionTypes.LZ4]()).toBe(lz4)
  expect(CompressionCodecs[CompressionTypes.Snappy]()).toBe(snappyCodec)
  expect(CompressionCodecs[CompressionTypes.ZSTD]()).toBe(zstd)
})

test('LZ4 and ZSTD write frames: their magic numbers', async () => {
  const raw = { buffer: Buffer.from('tick '.repeat(100)) }
  expect((await lz4.compress(raw)).readUInt32LE(0)).toBe(0x184d2204)
  expect((await zstd.compress(raw)).readUInt32LE(0)).toBe(0xfd2fb528)
})

test('Snappy reads the blocks of the Java client', async () => {
  // From the format description of google/snappy: length 5, then a literal of five bytes (tag 4 << 2); framed as snappy-java does.
  const block = Buffer.from([5, 4 << 2, ...Buffer.from('hello')])
  const length = Buffer.alloc(4)
  length.writeInt32BE(block.length)
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
  const framed = Buffer.concat([header, length, block, length, block])
  expect(String(await snappyCodec.decompress(framed))).toBe('hellohello')
  expect(String(await snappyCodec.decompress(block))).toBe('hello')
})
