/**
 * The Kafka topics of the cluster: who writes, who reads, what the key is.
 * Every topic has the installation's fixed number of partitions; `chat.sessions.v1` alone is compacted.
 */
export const topics = {
  inbound: {
    name: 'chat.inbound.v1',
    key: 'session_id',
    writers: ['gateway', 'session', 'ai-responder'],
    readers: ['session'],
    compacted: false,
    public: false,
  },
  messages: {
    name: 'chat.messages.v1',
    key: 'session_id',
    writers: ['session'],
    readers: ['router', 'ai-responder', 'integrators'],
    compacted: false,
    public: true,
  },
  events: {
    name: 'chat.events.v1',
    key: 'session_id',
    writers: ['session'],
    readers: ['router', 'ai-responder', 'integrators'],
    compacted: false,
    public: true,
  },
  sessions: {
    name: 'chat.sessions.v1',
    key: 'session_id',
    writers: ['session'],
    readers: ['integrators'],
    compacted: true,
    public: true,
  },
  signals: {
    name: 'chat.signals.v1',
    key: 'session_id',
    writers: ['gateway', 'session'],
    readers: ['router'],
    compacted: false,
    public: false,
  },
} as const satisfies Record<string, Topic>;

type Service = 'gateway' | 'router' | 'session' | 'ai-responder' | 'webhook-dispatcher' | 'integrators';

/** One row of the topic table. `public` topics are a contract with integrators. */
export interface Topic {
  readonly name: `chat.${string}.v${number}`;
  readonly key: string;
  readonly writers: readonly Service[];
  readonly readers: readonly Service[];
  readonly compacted: boolean;
  readonly public: boolean;
}

/** What topics have unless an installation says otherwise when it creates them; later partitions can't be changed. */
export const topicDefaults = { partitions: 12, retention_ms: 7 * 24 * 60 * 60 * 1_000 } as const;

/** Consumer groups, each with the topic it reads. Its dead letters go to `<topic>.<group>.dlq`. */
export const consumerGroups = {
  'session.log': topics.inbound.name,
  'router.messages': topics.messages.name,
  'router.events': topics.events.name,
  'router.signals': topics.signals.name,
} as const;

export type ConsumerGroup = keyof typeof consumerGroups;

/** The topic for records that the group could not handle because of their data. */
export function deadLetterTopic(topic: string, group: string): string {
  return `${topic}.${group}.dlq`;
}

/** Every topic an installation creates, dead-letter topics included. */
export function allTopics(): { name: string; compacted: boolean }[] {
  const live = Object.values(topics).map(({ name, compacted }) => ({ name, compacted }));
  const dead = Object.entries(consumerGroups).map(([group, topic]) => ({
    name: deadLetterTopic(topic, group),
    compacted: false,
  }));
  return [...live, ...dead];
}
