import { randomUUID } from 'node:crypto';
import { createBareHop } from '#libs/kafka';
import { percentilesOf, type Percentiles } from '../measure/percentiles.ts';
import { paced } from './paced.ts';

/** Produce (acks = all) → consume over the same broker, plain kafkajs with its defaults for one partition. */
export async function measureKafkaHop(brokers: string, rate: number, seconds: number): Promise<Percentiles> {
  const latencies: number[] = [];
  const hop = await createBareHop(brokers, `floor.${randomUUID()}`, (value) =>
    latencies.push(performance.now() - Number(value)),
  );
  await paced(Math.min(rate, 50), 2, () => void hop.send(String(performance.now())));
  latencies.length = 0;
  await paced(rate, seconds, () => void hop.send(String(performance.now())));
  await hop.close();
  return percentilesOf(latencies);
}
