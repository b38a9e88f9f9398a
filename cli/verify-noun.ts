import { Option, type Command } from 'commander'
import { SOURCES, type Environment, type Source } from '../io/environment.ts'
import { verifyRollups } from './verify.ts'

type Given = { readonly from?: string; readonly to?: string; readonly json: boolean; readonly source?: Source }

/** `crosstide verify rollups`. */
export function addVerify(cli: Command, environment: Environment, exit: (code: number) => void): void {
  cli
    .command('verify')
    .description('prove that what the database sums up is what its trades say')
    .command('rollups')
    .description('trade_minutes against the trades, candles_1m against trade_minutes; names each row that differs')
    .option('--from <time>', 'an ISO time, or an age such as 1h; default: all days whose trades are kept')
    .option('--to <time>', 'the same; what comes before it')
    .addOption(new Option('--json', 'machine-readable output').default(false))
    .addOption(new Option('--source <source>', 'which pipeline, if several run').choices(SOURCES))
    .addHelpText(
      'after',
      `
Exit code 0: equal; 1: rows differ. May run beside the sinks. A minute with a trade that came after its candle was closed is
left out of the candles, and so is what the ticks sink has not stored yet.`,
    )
    .action(async ({ from, to, json, source }: Given) =>
      exit(await verifyRollups(environment, { from, to, json, source })),
    )
}
