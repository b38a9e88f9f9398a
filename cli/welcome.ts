import { withoutSecrets } from '../io/log.ts'
import type { Endpoints } from './endpoints.ts'

/** Where to look once everything runs. */
export function welcome(
  { api, kafka, registry, database, source }: Endpoints,
  dataDir: string,
  writeKeyFile: string | undefined,
): string {
  const marked = source === 'simulated' ? ' (SIMULATED prices)' : source === 'recorded' ? ' (RECORDED prices)' : ''
  return [
    '',
    `crosstide is running on ${source} exchanges${marked}`,
    '',
    `  page       ${api}/`,
    `  prices     curl ${api}/api/v1/prices/BTC-USD`,
    `  services   curl ${api}/api/v1/services`,
    `  views      npx crosstide sql "select * from best_quotes limit 10"`,
    `  rules      curl ${api}/api/v1/rules`,
    ...(writeKeyFile === undefined ? [] : [`             the key to change them is in ${writeKeyFile}`]),
    `  log        npx crosstide tail crypto-prices.ticks --from 10s`,
    `  Kafka      ${kafka}   registry ${registry}`,
    `  database   ${withoutSecrets(database)}`,
    `  addresses  ${dataDir}/endpoints.json   logs ${dataDir}/logs`,
    '',
    '  Ctrl-C stops everything.',
    '',
  ].join('\n')
}
