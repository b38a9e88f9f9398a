/** How a document differs from another, a line per field in the order of their names: `~ openBps 8 → 12`. Empty: not at all. */
export function documentChanges(before: unknown, after: unknown): readonly string[] {
  const [old, young] = [new Map(leaves('', before)), new Map(leaves('', after))]
  const names = [...new Set([...old.keys(), ...young.keys()])].toSorted()
  return names.flatMap((name) => {
    const [from, to] = [old.get(name), young.get(name)]
    if (from === to) return []
    if (from === undefined) return [`+ ${name} ${to ?? ''}`]
    return to === undefined ? [`- ${name} ${from}`] : [`~ ${name} ${from} → ${to}`]
  })
}

/** Every value that is no object with members, by its path; lists are one value each. */
function leaves(path: string, value: unknown): readonly (readonly [path: string, json: string])[] {
  const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  if (members.length === 0) return [[path || '(document)', JSON.stringify(value)]]
  return members.flatMap(([name, member]) => leaves(path === '' ? name : `${path}.${name}`, member))
}
