/** Ends a `switch` over a union: the compiler proves it unreachable, the throw guards against data that bypassed it. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value: ${JSON.stringify(value)}`)
}
