import { toIso } from '../core/time.ts'
import type { AppDeps } from './deps.ts'

/** What every document of the API says about itself: nobody shall take simulated prices for real ones. */
export const metaOf = ({
  source,
  now,
}: AppDeps): { readonly source: string; readonly simulated: boolean; readonly time: string } => ({
  source,
  simulated: source === 'simulated',
  time: toIso(now()),
})
