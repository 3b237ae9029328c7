import {
  AlreadyRunning,
  CommandFailed,
  EngineFailed,
  EngineUnreachable,
  JarMismatch,
  logTail,
  PortBusy,
  PreparationFailed,
  ServiceFailed,
} from '#libs/instance';
import { NoMysql } from './mysql-system.ts';
import { CannotInstall } from './packages.ts';

const SHOWN_LINES = 15;

/** What a person reads when `npm start` fails: what happened, what the log says, and the ways on. */
export function explain(error: unknown, { dataDir, port }: { dataDir: string; port: number }): string {
  if (error instanceof CannotInstall || error instanceof NoMysql) return error.message;
  if (error instanceof AlreadyRunning) {
    return story(
      error,
      [],
      [
        `use it: ${dataDir}/instance.json says where it is`,
        `stop it: kill ${error.pid}`,
        `or run a second one beside it: npm start -- --data .data-2 --port ${port + 10}`,
      ],
    );
  }
  if (error instanceof PortBusy) {
    return story(error, [], ['stop that process', `or choose another port: npm start -- --port ${port + 10}`]);
  }
  if (error instanceof EngineUnreachable) {
    return story(
      error,
      [],
      ['start that engine, or correct the variable', 'or unset it: one of our own is started then'],
    );
  }
  if (error instanceof EngineFailed) {
    return story(error, error.tail, [
      'see whether the disk is full or the log names a reason, then start again',
      `or start afresh without the data: move ${dataDir} away`,
    ]);
  }
  if (error instanceof ServiceFailed) {
    return story(error, error.tail, ['correct what the log names, then start again']);
  }
  if (error instanceof JarMismatch) {
    return story(
      error,
      [],
      ['a damaged download: start again', 'or use a Kafka that runs elsewhere: set KAFKA_BROKERS'],
    );
  }
  if (error instanceof CommandFailed || error instanceof PreparationFailed) {
    return story(error, logTail(error.logFile, SHOWN_LINES), ['correct what its output names, then start again']);
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What a person reads when an engine ended again and again. */
export function explainLoss(engine: string, dataDir: string): string {
  const error = new Error(
    `${engine} could not be kept running, so all is stopped; its log: ${dataDir}/logs/${engine}.log`,
  );
  return story(
    error,
    [],
    [
      'see what the log names, then start again',
      `or start afresh without the data: move ${dataDir} away`,
      `or use one that runs elsewhere: ${GIVEN[engine] ?? 'see npm start -- --help'}`,
    ],
  );
}

const GIVEN: Readonly<Record<string, string>> = {
  mariadb: 'set MYSQL_URL',
  redis: 'set REDIS_URL',
  kafka: 'set KAFKA_BROKERS',
};

function story(error: Error, log: readonly string[], waysOn: readonly string[]): string {
  const heading = log.length > 0 ? ['The end of it:'] : [];
  return [
    '',
    error.message.replace(/\.?$/, '.'),
    ...heading,
    ...log.map((line) => `    ${line}`),
    'Ways on:',
    ...waysOn.map((way) => `  - ${way}`),
  ].join('\n');
}
