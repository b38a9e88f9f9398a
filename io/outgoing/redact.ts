/** Shorter ones would blot out ordinary words. */
const SHORTEST = 4

/**
 * Takes secrets out of a text that somebody else wrote: the secrets themselves, and of addresses the path, the query and the
 * login.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const parts = new Set<string>()
  for (const secret of secrets) for (const part of partsOf(secret)) if (part.length >= SHORTEST) parts.add(part)
  // The longest first: a part of one may be another.
  const all = [...parts].toSorted((a, b) => b.length - a.length)
  return (text) => all.reduce((clean, part) => clean.replaceAll(part, '[redacted]'), text)
}

function partsOf(secret: string): readonly string[] {
  const coded = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]
  if (!URL.canParse(secret)) return coded
  const { pathname, search, username, password } = new URL(secret)
  const login = [username, password].flatMap((part) => [part, decodeURIComponent(part)])
  const folders = pathname.split('/').filter((part) => part.length >= 8)
  return [...coded, pathname + search, pathname, ...folders, ...login, ...login.map(encoded)]
}

const encoded = (text: string): string => Buffer.from(text).toString('base64')
