/** The local instance: engines and services as child processes; for `npm start`, tests and load tests. */
export { CommandFailed } from './child-process.ts';
export { type Engine, EngineFailed } from './engine.ts';
export { type EngineSet, EngineUnreachable, type EngineUrls, startEngines } from './engine-set.ts';
export { CommandMissing, lookUpCommand } from './find-command.ts';
export { type Instance, startInstance } from './instance.ts';
export { startKafka } from './kafka.ts';
export { fetchKafkaJars, hasKafkaJars, JarMismatch, locateKafkaJars } from './kafka-jars.ts';
export { endLeftOvers } from './left-overs.ts';
export { logTail } from './log-tail.ts';
export { startMariadb } from './mariadb.ts';
export { startMysql } from './mysql.ts';
export { startRedis } from './redis.ts';
export { findFreePort, PortBusy } from './ports.ts';
export { PreparationFailed } from './prepare-database.ts';
export { AlreadyRunning, RunRecord } from './run-record.ts';
export { makeSecrets } from './secrets.ts';
export { ServiceFailed } from './service-process.ts';
