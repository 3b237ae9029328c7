/**
 * Kafka, as this house uses it: ordered sending, batches with manual commits, dead letters, drain. The only lib that knows
 * kafkajs.
 */
export { type BareHop, createBareHop } from './bare-hop.ts';
export { BatchConsumer } from './batch-consumer.ts';
export { connectKafka, KafkaBatchStrategy, type KafkaBatchStrategyOptions } from './batch-strategy.ts';
export { type CloudEvent, cloudEventHeaders } from './cloud-events.ts';
export { createKafka, type KafkaConnection, type KafkaOptions, type Sasl } from './connection.ts';
export { copyTopic } from './copy-topic.ts';
export type { BatchConsumerOptions } from './consumer-options.ts';
export {
  ConsumerCrashed,
  DeadlineExceeded,
  KafkaError,
  Overloaded,
  RecordError,
  Rewind,
  SendFailed,
} from './errors.ts';
export { GroupOffsets } from './group-offsets.ts';
export { OrderedProducer, type OrderedProducerOptions } from './ordered-producer.ts';
export type { Log, Meter, MetricSpec } from './ports.ts';
export type {
  BatchHandler,
  BatchPart,
  KafkaRecord,
  NextOffset,
  OutgoingRecord,
  PartitionOffset,
  RecordBatch,
  TopicPartition,
  TopicRecord,
} from './record.ts';
export {
  createTopics,
  fetchCommittedOffsets,
  fetchEndOffsets,
  fetchLowWatermark,
  isCaughtUp,
  partitionOf,
  type TopicSpec,
  waitForCoordinator,
} from './topics.ts';
