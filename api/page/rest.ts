import { readCursor } from './documents.ts'

const TIMEOUT_MS = 5000
/** Rows of a page; the API's most. */
const LIMIT = 1000

/** The server has no such document. */
export class NotThere extends Error {}

export type Rest = {
  /** The document at a path; throws if there is none, a refusal of the key included. */
  ask(path: string, signal?: AbortSignal): Promise<unknown>
  /** Up to so many pages of a range, and whether they were all of it. */
  pages(
    path: string,
    query: Readonly<Record<string, string>>,
    atMost: number,
    signal?: AbortSignal,
  ): Promise<{ readonly documents: readonly unknown[]; readonly isAll: boolean }>
}

/** Asks the REST API; the key goes into a header, never into an address. */
export function createRest(key: () => string | undefined, onRefused: () => void): Rest {
  async function ask(path: string, signal?: AbortSignal): Promise<unknown> {
    const secret = key()
    const headers = {
      accept: 'application/json',
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
    }
    const deadline = AbortSignal.timeout(TIMEOUT_MS)
    const answer = await fetch(path, {
      headers,
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    })
    if (answer.status === 401) onRefused()
    if (answer.status === 404) throw new NotThere(path)
    if (!answer.ok) throw new Error(`${path.split('?')[0]} answered ${answer.status}`)
    return answer.json()
  }
  return {
    ask,
    async pages(path, query, atMost, signal) {
      const documents: unknown[] = []
      let cursor: string | undefined
      do {
        const parameters = new URLSearchParams({ ...query, limit: String(LIMIT) })
        if (cursor !== undefined) parameters.set('cursor', cursor)
        const document = await ask(`${path}?${parameters.toString()}`, signal)
        documents.push(document)
        cursor = readCursor(document)
      } while (cursor !== undefined && documents.length < atMost)
      return { documents, isAll: cursor === undefined }
    },
  }
}
