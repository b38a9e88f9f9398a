/** Asks for the next batch while the present one is worked on. */
export async function* ahead<One>(batches: AsyncIterable<One>): AsyncGenerator<One> {
  const iterator = batches[Symbol.asyncIterator]()
  const ask = (): Promise<IteratorResult<One>> => {
    const asked = iterator.next()
    // Awaited a turn later; until then a failure is no unhandled one.
    asked.catch(() => undefined)
    return asked
  }
  try {
    let next = ask()
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = ask()
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}
