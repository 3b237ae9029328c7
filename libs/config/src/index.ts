/**
 * Settings: one YAML file with environment variables over it, read once at start into a typed frozen object.
 * The only place that reads process.env. Each service composes fragments; config/default.yaml is generated from them.
 */
export { ConfigError } from './config-error.ts';
export { type FailpointName, failpointNames } from './failpoint-names.ts';
export { renderDefaultYaml, renderEnvExample } from './document.ts';
export { loadConfig, loadConfigOrExit } from './load.ts';
export {
  firstDataConfig,
  gatewayConfig,
  type GatewayConfig,
  migrationConfig,
  routerConfig,
  type RouterConfig,
  seedConfig,
  sessionConfig,
  type SessionConfig,
} from './services.ts';
