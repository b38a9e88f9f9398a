import { numberOf, recordOf, textOf } from './fields.ts'

/** Why nothing was done, and what to do, in a sentence or two. */
export function refusalText(status: number, problem: unknown, hadKey: boolean, retryAfter?: string | null): string {
  const fields = recordOf(problem)
  const detail = textOf(fields['detail'])
  switch (status) {
    case 0:
      return 'The server did not answer. Nothing here is lost: try again.'
    case 401:
      return hadKey
        ? 'The server does not know this key. Check it for missing characters.'
        : 'Changing something takes a key that may write. “crosstide up” prints where it keeps one; else ask whoever runs the server.'
    case 403:
      return 'This key may only read. Enter one that may write.'
    case 404:
      return `It is not there any more${detail === undefined ? '' : ` (${detail})`}.`
    case 412:
      return 'Somebody else has changed it since it was read here. Nothing was saved, and your text is still here.'
    case 413:
      return 'It is larger than 100 kB, which is the most the server takes.'
    case 429: {
      const seconds = numberOf(Number(retryAfter ?? Number.NaN)) ?? Number.NaN
      return `Too many requests: try again in ${Number.isFinite(seconds) && seconds > 0 ? `${seconds} s` : 'a minute'}.`
    }
    default: {
      const title = textOf(fields['title']) ?? `The server answered ${status}`
      return detail === undefined ? `${title}.` : `${title}: ${detail}.`.replace(/([.!?])\.$/, '$1')
    }
  }
}
