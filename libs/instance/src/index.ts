/** The local instance: engines and services as child processes; for `npm start`, tests and load tests. */
export { CommandFailed, type Exit } from './child-process.ts';
export { type Engine, EngineFailed, type EngineName } from './engine.ts';
export { EngineSet, type EngineSetOptions, EngineUnreachable, type EngineUrls, startEngines } from './engine-set.ts';
export { CommandMissing, lookUpCommand } from './find-command.ts';
export { type InstanceDescription } from './instance-file.ts';
export { type Instance, type InstanceOptions, startInstance } from './instance.ts';
export { fetchKafkaJars, hasKafkaJars, JarMismatch, locateKafkaJars } from './kafka-jars.ts';
export { logTail } from './log-tail.ts';
export { startMysql } from './mysql.ts';
export { findFreePort, PortBusy } from './ports.ts';
export { type Demo, PreparationFailed } from './prepare-database.ts';
export { endLeftOvers } from './left-overs.ts';
export { AlreadyRunning, RunRecord } from './run-record.ts';
export { makeSecrets, type Secrets } from './secrets.ts';
export { ServiceFailed, type ServiceName, type ServiceProcess } from './service-process.ts';
export { type Replicas, type ServiceEnv } from './service-recipes.ts';
export { WaitTimeout } from './wait-for.ts';
