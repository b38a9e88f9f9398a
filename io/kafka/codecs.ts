import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import snappy from 'snappyjs'

type Encoded = { readonly buffer: Buffer }
type CompressionCodec = {
  compress(encoder: Encoded): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

/** A batch is at most 500 kB, which these compress faster than a thread pool hands it over. */
const codec = (compress: (raw: Buffer) => Buffer, decompress: (packed: Buffer) => Buffer): CompressionCodec => ({
  compress: async ({ buffer }) => compress(buffer),
  decompress: async (packed) => decompress(packed),
})

/** The Java client wraps snappy blocks in a frame of its own: magic and two versions, then length and block, repeated. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16

function uncompressSnappy(packed: Buffer): Buffer {
  if (!packed.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return snappy.uncompress(packed)
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < packed.length;) {
    const length = packed.readInt32BE(at)
    blocks.push(snappy.uncompress(packed.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return Buffer.concat(blocks)
}

/** What kafkajs lacks beside gzip. */
export const lz4 = codec(
  (raw) => compressFrameSync(raw),
  (packed) => decompressFrameSync(packed),
)
export const snappyCodec = codec((raw) => snappy.compress(raw), uncompressSnappy)
export const zstd = codec(
  (raw) => zstdCompressSync(raw),
  (packed) => zstdDecompressSync(packed),
)
