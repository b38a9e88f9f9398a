import { VERSION } from '../../io/process.ts'
import type { Route } from '../deps.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse } from '../parameters.ts'
import { sendAsset } from './page.ts'

const LINKS = {
  prices: '/api/v1/prices',
  price: '/api/v1/prices/{symbol}',
  trades: '/api/v1/trades{?symbol,exchange,from,to,limit,cursor}',
  quotes: '/api/v1/quotes{?symbol,exchange,from,to,limit,cursor}',
  bestQuotes: '/api/v1/quotes/best{?symbol,limit,cursor}',
  candles: '/api/v1/candles{?symbol,exchange,interval,from,to,limit,cursor}',
  signals: '/api/v1/signals{?kind,symbol,base,exchange,state,minEdgeBps,from,to,limit,cursor}',
  signalStats: '/api/v1/signals/stats',
  signal: '/api/v1/signals/{id}',
  arbitrageConfig: '/api/v1/arbitrage/config',
  rules: '/api/v1/rules{?limit,cursor}',
  rule: '/api/v1/rules/{id}',
  ruleVersions: '/api/v1/rules/{id}/versions{?limit,cursor}',
  ruleStats: '/api/v1/rules/{id}/stats',
  whyNot: '/api/v1/rules/{id}/why-not{?key,at}',
  alerts: '/api/v1/alerts{?state,phase,ruleId,symbol,exchange,severity,from,to,limit,cursor}',
  alert: '/api/v1/alerts/{id}',
  silences: '/api/v1/silences{?state,limit,cursor}',
  silence: '/api/v1/silences/{id}',
  gaps: '/api/v1/gaps{?symbol,exchange,from,to,limit,cursor}',
  events: '/api/v1/events{?exchange,kind,from,to,limit,cursor}',
  deadLetters: '/api/v1/dead-letters{?topic,from,to,limit,cursor}',
  config: '/api/v1/config',
  exchanges: '/api/v1/exchanges',
  services: '/api/v1/services',
  latency: '/api/v1/latency',
  live: '/livez',
  ready: '/readyz',
  metrics: '/metrics',
  version: '/version',
  openApi: '/openapi.json',
  reference: '/reference',
  errors: '/errors',
  webSocket: '/ws',
}

/** Browsers get the page, everybody else what this is and where to go on. */
export const root: Route = {
  path: '/',
  get: (deps) => {
    const index = deps.assets.get('index.html')
    return (request, response) => {
      response.vary('accept')
      if (index !== undefined && request.accepts(['json', 'html']) === 'html')
        return sendAsset(request, response, index)
      parse(noQuery, request.query)
      response.json({
        name: 'crosstide',
        description: 'Prices of crypto exchanges from one ordered, replayable log',
        version: VERSION,
        meta: metaOf(deps),
        links: LINKS,
        subscribe: { type: 'subscribe_prices', symbols: ['BTC-USDT'], exchanges: ['binance'] },
      })
    }
  },
}
