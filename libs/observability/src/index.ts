/** Logs, metrics, readiness and the last words of a process. */
export { type Crash, handleCrashes } from './crash.ts';
export { Failpoints, type FailpointAction } from './failpoints.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { createMetrics, type Metrics, type MetricSpec } from './metrics.ts';
export { type OpsServer, type OpsServerOptions, startOpsServer } from './ops-server.ts';
export { type Probe, Readiness, type ReadinessReport } from './readiness.ts';
