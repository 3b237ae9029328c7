import { type EngineUrls, fetchKafkaJars, hasKafkaJars, locateKafkaJars } from '#libs/instance';
import { installMissing, type NeedName, tellProgress } from './packages.ts';

/** Installs what the engines that are not given need: packages of the distribution, Kafka's jars. @throws CannotInstall */
export async function provideEngines(context: {
  root: string;
  env: NodeJS.ProcessEnv;
  given: Partial<EngineUrls>;
  logFile: string;
  say: (text: string) => void;
}): Promise<void> {
  const { root, env, given, say } = context;
  const jars = locateKafkaJars(root, env);
  const needsJars = given.kafka_brokers === undefined && !(await hasKafkaJars(jars));
  const needs: NeedName[] = [];
  if (given.mysql_url === undefined) needs.push('mariadb');
  if (given.redis_url === undefined) needs.push('redis');
  if (given.kafka_brokers === undefined) needs.push('java');
  if (needsJars) needs.push('maven');
  await installMissing(needs, context);
  if (!needsJars) return;
  say('Fetching Apache Kafka from Maven Central (about 45 MB, once).');
  const stopTelling = tellProgress('Still fetching', say);
  try {
    await fetchKafkaJars(jars, context);
  } finally {
    stopTelling();
  }
}
