/**
 * Named places in a task's life where a test may end the process, as `CROSSTIDE_FAILPOINTS=task.sent=0.01,…` says: each time
 * one is passed it kills with that probability, at once and without a word, as kill -9 does. Without the variable: nothing.
 */
export function failpoints(text: string | undefined, random: () => number = Math.random): (name: string) => void {
  if (text === undefined || text === '') return () => undefined
  const odds = new Map(
    text.split(',').map((one) => {
      const [name = '', probability = '0'] = one.split('=')
      return [name, Number(probability)] as const
    }),
  )
  return (name) => {
    if (random() < (odds.get(name) ?? 0)) process.kill(process.pid, 'SIGKILL')
  }
}
