import type { Percentiles } from '../measure/percentiles.ts';
import { measureBareInsert } from './insert.ts';
import { measureKafkaHop } from './kafka-hop.ts';
import { measureSocketioEcho } from './socketio-echo.ts';
import { measureWsEcho } from './ws-echo.ts';

const RATE = 200;
const SECONDS = 8;

/** What the parts cost alone on this machine, over the same engines, in the same run. */
export interface Floors {
  'plain ws echo': Percentiles;
  'raw socket.io echo': Percentiles;
  'bare Kafka hop': Percentiles;
  'bare insert': Percentiles;
}

export async function measureFloors(engines: { mysql_url: string; kafka_brokers: string }): Promise<Floors> {
  return {
    'plain ws echo': await measureWsEcho(RATE, SECONDS),
    'raw socket.io echo': await measureSocketioEcho(RATE, SECONDS),
    'bare Kafka hop': await measureKafkaHop(engines.kafka_brokers, RATE, SECONDS),
    'bare insert': await measureBareInsert(engines.mysql_url),
  };
}
