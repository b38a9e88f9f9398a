import { readDiagnostics, type Diagnostic } from './diagnostics.ts'
import { refusalText } from './refusal.ts'
import type { KeyQuestion } from './write-key.ts'

/** What the server did about a request, or a sentence why it did not. */
export type Outcome =
  | { readonly kind: 'done'; readonly document: unknown; readonly etag: string | undefined }
  | {
      readonly kind: 'refused'
      /** 0: no answer came. */
      readonly status: number
      readonly sentence: string
      readonly diagnostics: readonly Diagnostic[]
    }
  /** Nobody gave a key. */
  | { readonly kind: 'given_up' }

export type Request = {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly ifMatch?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export type Writer = {
  /** Changes something; asks for a key that may, as often as it takes. */
  send(request: Request): Promise<Outcome>
  /** Asks what changes nothing, with the best key there is. */
  ask(request: Request): Promise<Outcome>
}

const TIMEOUT_MS = 15_000

/** Sends what changes something, with a key in a header, never in an address. */
export function createWriter(keys: KeyQuestion, readKey: () => string | undefined): Writer {
  async function fetched(request: Request, key: string | undefined): Promise<Response> {
    const { method, path, body, ifMatch, timeoutMs = TIMEOUT_MS, signal } = request
    const deadline = AbortSignal.timeout(timeoutMs)
    return fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    })
  }

  async function outcomeOf(request: Request, key: string | undefined): Promise<Outcome> {
    try {
      const answer = await fetched(request, key)
      const text = await answer.text()
      const document: unknown = text === '' ? undefined : JSON.parse(text)
      if (answer.ok) return { kind: 'done', document, etag: answer.headers.get('etag') ?? undefined }
      const sentence = refusalText(answer.status, document, key !== undefined, answer.headers.get('retry-after'))
      return { kind: 'refused', status: answer.status, sentence, diagnostics: readDiagnostics(document) }
    } catch {
      return { kind: 'refused', status: 0, sentence: refusalText(0, undefined, true), diagnostics: [] }
    }
  }
  const isKeyless = (outcome: Outcome): boolean =>
    outcome.kind === 'refused' && (outcome.status === 401 || outcome.status === 403)

  return {
    async send(request) {
      let key = keys.known() ?? readKey() ?? (await keys.ask(refusalText(401, undefined, false)))
      while (key !== undefined) {
        const outcome = await outcomeOf(request, key)
        if (!isKeyless(outcome) || outcome.kind !== 'refused') return outcome
        keys.forget()
        key = await keys.ask(outcome.sentence)
      }
      return { kind: 'given_up' }
    },
    async ask(request) {
      const outcome = await outcomeOf(request, keys.known() ?? readKey())
      if (!isKeyless(outcome) || keys.known() === undefined) return outcome
      keys.forget()
      return outcomeOf(request, readKey())
    },
  }
}
