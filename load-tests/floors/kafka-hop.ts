import { createBareHop, createKafka } from '#libs/kafka';
import { createLogger } from '#libs/observability';
import { percentilesOf, type Percentiles } from '../measure/percentiles.ts';
import { paced } from './paced.ts';

/** Produce (acks = all) → consume over the same broker, plain kafkajs with its defaults for one partition. */
export async function measureKafkaHop(brokers: string, rate: number, seconds: number): Promise<Percentiles> {
  const latencies: number[] = [];
  const log = createLogger({ service: 'load-test', level: 'error' });
  const kafka = createKafka({ brokers: brokers.split(','), clientId: 'floor', log });
  const hop = await createBareHop(kafka, (value) => latencies.push(performance.now() - Number(value)));
  await paced(Math.min(rate, 50), 2, () => void hop.send(String(performance.now())));
  latencies.length = 0;
  await paced(rate, seconds, () => void hop.send(String(performance.now())));
  await hop.close();
  return percentilesOf(latencies);
}
