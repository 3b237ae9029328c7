import { collectDefaultMetrics, Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client';

/** A metric's name is `seqdesk_<service or lib>_<thing>_<unit>[_total]`; labels are few-valued, never ids. */
export interface MetricSpec {
  name: `seqdesk_${string}`;
  help: string;
  labels?: readonly string[];
  /** Of a histogram, in its unit; 1 ms to 10 s unless given. */
  buckets?: readonly number[];
}

/** All metrics of a process; asking for a name twice gives the same metric. */
export interface Metrics {
  counter(spec: MetricSpec): Counter;
  gauge(spec: MetricSpec): Gauge;
  histogram(spec: MetricSpec): Histogram;
  /** The Prometheus text of all metrics. */
  render(): Promise<string>;
  readonly contentType: string;
}

const SECONDS_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of its own for the process, with Node's own metrics in it; every series carries the service's name. */
export function createMetrics({ service }: { service: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const metrics = new Map<string, Metric>();
  function getOrCreate<M extends Metric>(spec: MetricSpec, create: () => M): M {
    const known = metrics.get(spec.name) as M | undefined;
    if (known !== undefined) return known;
    const created = create();
    metrics.set(spec.name, created);
    return created;
  }
  const common = ({ name, help, labels }: MetricSpec) => ({
    name,
    help,
    labelNames: [...(labels ?? [])],
    registers: [registry],
  });
  return {
    counter: (spec) => getOrCreate(spec, () => new Counter(common(spec))),
    gauge: (spec) => getOrCreate(spec, () => new Gauge(common(spec))),
    histogram: (spec) =>
      getOrCreate(spec, () => new Histogram({ ...common(spec), buckets: [...(spec.buckets ?? SECONDS_BUCKETS)] })),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
