import avsc from 'avsc'
import type { Codec } from '../schemas/codec.ts'
import { createDecoder, slabEncoder, type Decoder } from './registry.ts'

/** Codecs of values by the schema ids they name, wherever the schemas are kept: a registry, or the files of an archive. */
export type IdSchemas = {
  decoder<Domain, Wire>(codec: Codec<Domain, Wire>): Decoder<Domain>
  /** Encodes as a value with this id was; `undefined`: nobody knows the id. */
  encoder<Domain, Wire>(id: number, codec: Codec<Domain, Wire>): Promise<((value: Domain) => Buffer) | undefined>
}

export function openIdSchemas(schemaText: (id: number) => Promise<string | undefined>): IdSchemas {
  const typeOf = async (id: number): Promise<avsc.Type | undefined> => {
    const text = await schemaText(id)
    return text === undefined ? undefined : avsc.Type.forSchema(JSON.parse(text))
  }
  return {
    decoder: (codec) => createDecoder(codec, typeOf),
    async encoder(id, codec) {
      const type = await typeOf(id)
      return type === undefined ? undefined : slabEncoder(id, type, codec)
    },
  }
}
