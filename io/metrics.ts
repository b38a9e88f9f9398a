import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

const PREFIX = 'crosstide_'

/** Latency buckets in seconds, 0.5 ms to 10 s. */
const LATENCY_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** One process's metrics. Names are given without the prefix `crosstide_`; labels must be bounded. */
export type Metrics = {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>
  /** In seconds, unless other buckets are given. */
  histogram<L extends string>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>
  /** The Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

export function createMetrics(role: string, version: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ role })
  collectDefaultMetrics({ register: registry, prefix: PREFIX })
  const common = (name: string, help: string, labels: readonly string[]) => ({
    name: PREFIX + name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  const metrics: Metrics = {
    counter: <L extends string>(name: string, help: string, labels: readonly L[] = []) =>
      new Counter<L>({ ...common(name, help, labels), labelNames: [...labels] }),
    gauge: <L extends string>(name: string, help: string, labels: readonly L[] = []) =>
      new Gauge<L>({ ...common(name, help, labels), labelNames: [...labels] }),
    histogram: <L extends string>(name: string, help: string, labels: readonly L[] = [], buckets = LATENCY_BUCKETS) =>
      new Histogram<L>({ ...common(name, help, labels), labelNames: [...labels], buckets: [...buckets] }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
  metrics.gauge('build_info', 'Always 1; the label says which version runs', ['version']).set({ version }, 1)
  return metrics
}
