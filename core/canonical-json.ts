/**
 * The one text of a JSON value (RFC 8785): names sorted by UTF-16 code unit at every level, no spaces. Two documents that say
 * the same have the same text, whatever wrote them; PostgreSQL's jsonb, for one, sorts names its own way.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}
