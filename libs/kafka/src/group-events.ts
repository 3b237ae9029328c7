import type { Consumer } from 'kafkajs';
import type { TopicPartition } from './record.ts';

/** What happens to a group member, in the order in which kafkajs tells. */
export interface GroupListener {
  /** Kafka has accepted a heartbeat, a fetch or a join, or kafkajs is about to start anew. */
  alive(): void;
  /** The member is about to join again; its old assignment may still be committed for. */
  rebalancing(): void;
  assigned(partitions: TopicPartition[]): void;
  /** kafkajs gave up. `willRestart`: it starts anew by itself. */
  crashed(error: Error, willRestart: boolean): void;
}

/** Passes kafkajs' events on. Its listeners run synchronously: an assignment is known before its first fetch. */
export function listenToGroup(consumer: Consumer, topics: readonly string[], listener: GroupListener): void {
  const { events } = consumer;
  consumer.on(events.HEARTBEAT, () => listener.alive());
  consumer.on(events.FETCH, () => listener.alive());
  consumer.on(events.REBALANCING, () => listener.rebalancing());
  consumer.on(events.GROUP_JOIN, ({ payload }) => {
    listener.alive();
    listener.assigned(
      topics.flatMap((topic) => (payload.memberAssignment[topic] ?? []).map((partition) => ({ topic, partition }))),
    );
  });
  consumer.on(events.CRASH, ({ payload }) => {
    if (payload.restart) listener.alive();
    listener.crashed(payload.error, payload.restart);
  });
}
