import { runChecks } from '../dev/doctor.ts'
import type { Environment } from '../io/environment.ts'

/** `crosstide doctor`: what is missing and the command that mends it. Exit code 0: nothing is missing. */
export async function doctor(
  environment: Environment,
  variables: Readonly<Record<string, string | undefined>>,
  json: boolean,
): Promise<number> {
  const checks = await runChecks(environment, variables)
  if (json) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`)
  else
    for (const { name, ok, detail, fix } of checks) {
      process.stdout.write(`${ok ? '✓' : '✗'} ${name.padEnd(14)} ${detail}\n`)
      if (!ok && fix !== undefined) process.stdout.write(`${' '.repeat(17)}mend: ${fix}\n`)
    }
  return checks.every(({ ok }) => ok) ? 0 : 1
}
