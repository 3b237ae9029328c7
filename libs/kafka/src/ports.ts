/**
 * What this lib asks of logging and metrics. libs/observability fits; nothing of it is imported here, as technical libs
 * don't know each other.
 */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface MetricSpec {
  name: `seqdesk_${string}`;
  help: string;
  labels?: readonly string[];
  buckets?: readonly number[];
}
type Labels = Record<string, string>;

/** Gives the metric of that name, making it at the first call. */
export interface Meter {
  counter(spec: MetricSpec): { inc(labels: Labels, value?: number): void };
  gauge(spec: MetricSpec): { set(labels: Labels, value: number): void };
  histogram(spec: MetricSpec): { observe(labels: Labels, value: number): void };
}
