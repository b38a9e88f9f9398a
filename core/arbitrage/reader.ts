/** What is wrong with a document, and where: an RFC 6901 pointer, empty for the document itself. */
export type Problem = { readonly pointer: string; readonly message: string }

/** A member of a JSON document that is being read; what is wrong with it goes to `problems`. */
export type Node = { readonly value: unknown; readonly pointer: string; readonly problems: Problem[] }

/** Reads a node, or tells its problem and answers anything of the type: who told one throws the result away. */
export type Reader<Value> = (node: Node) => Value

export function refuse<Value>({ pointer, problems }: Node, message: string, instead: Value): Value {
  problems.push({ pointer, message })
  return instead
}

export const number =
  (least: number, most: number): Reader<number> =>
  (node) =>
    typeof node.value === 'number' && node.value >= least && node.value <= most
      ? node.value
      : refuse(node, `is not a number from ${least} to ${most}`, least)

export const whole =
  (least: number, most: number): Reader<number> =>
  (node) =>
    typeof node.value === 'number' && Number.isInteger(node.value) && node.value >= least && node.value <= most
      ? node.value
      : refuse(node, `is not a whole number from ${least} to ${most}`, least)

export const flag: Reader<boolean> = (node) =>
  typeof node.value === 'boolean' ? node.value : refuse(node, 'is neither true nor false', false)

export const text =
  (isGood: (value: string) => boolean, what: string): Reader<string> =>
  (node) =>
    typeof node.value === 'string' && isGood(node.value) ? node.value : refuse(node, `is not ${what}`, '')

export const oneOf =
  <Value extends string>(first: Value, ...others: readonly Value[]): Reader<Value> =>
  (node) => {
    const all = [first, ...others]
    return all.find((value) => value === node.value) ?? refuse(node, `is none of ${all.join(', ')}`, first)
  }

/** A list without repeats. */
export const list =
  <Value>(item: Reader<Value>, most: number): Reader<readonly Value[]> =>
  (node) => {
    if (!Array.isArray(node.value)) return refuse(node, 'is not a list', [])
    if (node.value.length > most) return refuse(node, `has more than ${most} items`, [])
    const items: readonly unknown[] = node.value
    if (new Set(items).size !== items.length) refuse(node, 'names something twice', undefined)
    return items.map((value, index) => item({ ...node, value, pointer: `${node.pointer}/${index}` }))
  }

/** An object whose names are chosen by who writes it. */
export const record =
  <Value>(
    isName: (name: string) => boolean,
    what: string,
    item: Reader<Value>,
  ): Reader<Readonly<Record<string, Value>>> =>
  (node) =>
    Object.fromEntries(
      entriesOf(node).flatMap(([name, value]) => {
        const member = { ...node, value, pointer: pointerTo(node, name) }
        return isName(name) ? [[name, item(member)]] : refuse(member, `${JSON.stringify(name)} is not ${what}`, [])
      }),
    )

/**
 * An object of known members. `member` reads one by its name; what is absent has the default, and at the end `finish` tells
 * of every name that nobody asked for.
 */
export function members(node: Node): {
  readonly member: <Value>(name: string, read: Reader<Value>, absent: Value) => Value
  readonly finish: () => void
} {
  const given = new Map(entriesOf(node))
  return {
    member(name, read, absent) {
      if (!given.has(name)) return absent
      const value = given.get(name)
      given.delete(name)
      return read({ ...node, value, pointer: pointerTo(node, name) })
    },
    finish() {
      for (const name of given.keys()) refuse({ ...node, pointer: pointerTo(node, name) }, 'is unknown', undefined)
    },
  }
}

function entriesOf(node: Node): readonly (readonly [string, unknown])[] {
  const { value } = node
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(node, 'is not an object', [])
  return Object.entries(value)
}

const pointerTo = ({ pointer }: Node, name: string): string =>
  `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
