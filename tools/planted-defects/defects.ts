/** A change that breaks a promise, and the test that must notice it. */
export interface Defect {
  readonly what: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly project: 'cluster' | 'e2e' | 'database' | 'integration';
  readonly test: string;
  /** A pattern of the test's name, as vitest takes it. */
  readonly name: string;
}

const service = { project: 'cluster', test: 'tests/cluster/service-faults.spec.ts' } as const;
const engine = { project: 'cluster', test: 'tests/cluster/engine-faults.spec.ts' } as const;
const lifecycle = { project: 'cluster', test: 'tests/cluster/lifecycle-faults.spec.ts' } as const;
const ofSession = (spec: string) => ({ project: 'database', test: `apps/session/src/${spec}.int.spec.ts` }) as const;
const rewind = { project: 'cluster', test: 'tests/cluster/database-rewind.spec.ts' } as const;

const offsetsAhead = {
  what: 'offsets are committed before their records are handled',
  file: 'libs/kafka/src/assignment.ts',
  find: 'progress.handled = record.offset + 1n;',
  replace: 'progress.handled = record.offset + 60n;',
};
const ackBeforeKafka = {
  what: 'a message is acked before Kafka has it',
  file: 'apps/gateway/src/sending/send-message.ts',
  find: 'await produce(toRecord(draft, route));',
  replace: 'setTimeout(() => void produce(toRecord(draft, route)).catch(() => undefined), 200);',
};

export const defects: readonly Defect[] = [
  { ...offsetsAhead, ...service, name: 'session.+is killed in the middle' },
  { ...offsetsAhead, ...service, name: 'router.+is killed in the middle' },
  { ...offsetsAhead, ...service, name: 'session.+is stopped with SIGTERM' },
  { ...offsetsAhead, ...service, name: 'router.+is stopped with SIGTERM' },
  { ...offsetsAhead, ...service, name: 'the writer dies at log.before_insert' },
  { ...offsetsAhead, ...service, name: 'the writer dies at log.after_insert' },
  { ...offsetsAhead, ...service, name: 'the writer dies at log.before_offset_commit' },
  {
    what: 'a repeated batch is not published again',
    file: 'apps/session/src/log/plan-batch.ts',
    find: 'plan.publish.push(known);',
    replace: '',
    ...service,
    name: 'the writer dies at log.after_insert',
  },
  { ...ackBeforeKafka, ...service, name: 'gateway.+is killed in the middle' },
  { ...ackBeforeKafka, ...service, name: 'gateway.+is stopped with SIGTERM' },
  {
    what: 'the keys of the log are no keys',
    file: 'apps/session/src/database/migrations/1764000000000-initial.ts',
    find: 'PRIMARY KEY (session_id, seq_id),\n    UNIQUE KEY uq_messages_message_id (message_id)',
    replace: 'KEY (session_id, seq_id),\n    KEY uq_messages_message_id (message_id)',
    ...service,
    name: 'freezes for 45 s',
  },
  {
    what: 'gateways are not told that their subscription was gone',
    file: 'apps/gateway/src/start-gateway.ts',
    find: 'link.onSubscriberBack(() => forgetAndTell(parts));',
    replace: '',
    ...service,
    name: 'Redis is flushed three times',
  },
  {
    what: 'identities are not looked up',
    file: 'apps/session/src/log/plan-batch.ts',
    find: 'const known = stored.get(draft.message_id);',
    replace: 'const known = stored.get(`not ${draft.message_id}`);',
    ...service,
    name: 'every record of the inbound topic',
  },
  {
    what: 'words to a closed session are not taken to its follow-up',
    file: 'apps/session/src/log/append-batch.ts',
    find: 'await this.#relocate(plan.relocate);',
    replace: '',
    ...service,
    name: 'while its session closes',
  },
  {
    what: "a frozen replica's locks stay",
    file: 'apps/session/src/database/data-source.ts',
    find: 'wait_timeout = 3,',
    replace: 'wait_timeout = 3000,',
    ...service,
    name: 'frozen inside a transition',
  },
  {
    what: 'a batch is given up when the database is away',
    file: 'apps/session/src/log/append-batch.ts',
    find: 'await this.#append(batch);',
    replace: 'await Promise.race([this.#append(batch), new Promise((resolve) => setTimeout(resolve, 2_000))]);',
    ...engine,
    name: 'MariaDB is stopped',
  },
  {
    what: 'pushes are dropped while Redis is away',
    file: 'apps/router/src/delivery/redis-screens.adapter.ts',
    find: 'while (!(await this.pushOrDrop(batch))) {',
    replace: 'while (!(await this.pushOrDrop(batch)) && stop.aborted) {',
    ...engine,
    name: 'Redis is stopped',
  },
  { ...ackBeforeKafka, ...engine, name: 'Kafka is stopped' },
  {
    what: 'a database that went back under the writer is not noticed',
    file: 'apps/session/src/log/log-place.ts',
    find: 'const known = atRead.get(partition);',
    replace: 'const known = partition < 0 ? atRead.get(partition) : undefined;',
    ...rewind,
    name: 'while the cluster runs',
  },
  {
    what: 'a database that went back while nobody wrote is not noticed',
    file: 'apps/session/src/log/log-place.ts',
    find: 'if (reached === null || (place !== undefined && place >= reached)) continue;',
    replace: 'if (reached !== undefined) continue;',
    ...rewind,
    name: 'with the cluster stopped',
  },
  {
    what: 'every sending has an identity of its own',
    file: 'apps/gateway/src/sending/send-message.ts',
    find: 'deriveMessageId(session_id, identity, client_msg_id,',
    replace: 'deriveMessageId(session_id, `${identity}${Math.random()}`, client_msg_id,',
    project: 'e2e',
    test: 'tests/e2e/resend.spec.ts',
    name: 'fifty sendings',
  },
  {
    what: 'messages are published before their insert',
    file: 'apps/session/src/log/append-batch.ts',
    find: 'await store.insert(plan.insert, facts.connection_id);',
    replace:
      'await this.#parts.publish(messageRecords(plan.publish, facts));\n    await delay(50);\n    await store.insert(plan.insert, facts.connection_id);',
    project: 'e2e',
    test: 'tests/e2e/walk.spec.ts',
    name: 'nobody sees a message before it is committed',
  },
  {
    what: 'a consumer ends when its coordinator is away',
    file: 'libs/kafka/src/kafkajs-error.ts',
    find: "return errorCode(error) === 'KafkaJSGroupCoordinatorNotFound';",
    replace: 'return errorCode(error) === undefined;',
    project: 'integration',
    test: 'libs/kafka/src/broker-restart.int.spec.ts',
    name: 'ends no consumer',
  },
  {
    what: 'a batch with a poison record is dead-lettered whole',
    file: 'libs/kafka/src/bisect.ts',
    find: 'if (range.length <= 1) return [];',
    replace: 'return range.map((record) => [record]).slice(1);',
    project: 'integration',
    test: 'libs/kafka/src/batch-consumer.int.spec.ts',
    name: 'dead-letters the one poison record',
  },
  {
    what: 'a slot is not given back',
    file: 'apps/session/src/lifecycle/transitions.ts',
    find: 'if (from) await releaseSlot(tx, from);',
    replace: '',
    ...ofSession('lifecycle/invariants'),
    name: 'random lives',
  },
  {
    what: 'a capacity is no limit',
    file: 'apps/session/src/queue/slots.ts',
    find: "room: 'AND active < capacity',",
    replace: "room: '',",
    ...ofSession('lifecycle/commands'),
    name: 'full by then',
  },
  {
    what: "drains don't take the team's lock",
    file: 'apps/session/src/queue/queue.store.ts',
    find: 'WHERE team_id = ? FOR UPDATE',
    replace: 'WHERE team_id = ?',
    ...ofSession('lifecycle/locks'),
    name: 'the lock of a team',
  },
  {
    what: 'who returns goes to the end of the queue',
    file: 'apps/session/src/lifecycle/plan-command.ts',
    find: '...(row.enqueued_at ? {} : { enqueued_at: NOW }),',
    replace: 'enqueued_at: NOW,',
    ...ofSession('queue/queue'),
    name: 'keeps the place',
  },
  {
    what: 'a stored answer is not looked at',
    file: 'apps/session/src/database/once.ts',
    find: 'if (stored) return',
    replace: 'if (stored && stored.answer === null) return',
    ...ofSession('lifecycle/commands'),
    name: 'gives the first answer again',
  },
  {
    what: 'timers act while the writer lags',
    file: 'apps/session/src/timers/timers.ts',
    find: '!(await this.#parts.hasWriterPassed())',
    replace: 'false',
    ...ofSession('timers/timers'),
    name: 'while the writer lags',
  },
  {
    what: 'a closing does not look at the head of the log',
    file: 'apps/session/src/lifecycle/transitions.ts',
    find: 'm.session_id = sessions.session_id), 0) = ?',
    replace: 'm.session_id = sessions.session_id), 0) >= ?',
    ...ofSession('timers/timers'),
    name: 'in the very moment of the closing',
  },
  {
    what: 'the grace goes on while Redis is away',
    file: 'apps/session/src/presence/presence-watch.ts',
    find: 'if (!held) return this.#beginGraceAnew();',
    replace: 'if (!held) return;',
    ...ofSession('presence/presence-watch'),
    name: 'while Redis is away',
  },
  {
    what: 'gateways renew their leases once a minute',
    file: 'apps/gateway/src/connection/presence.ts',
    find: 'const RENEW_MS = 5_000;',
    replace: 'const RENEW_MS = 60_000;',
    ...lifecycle,
    name: 'Redis is flushed and stopped',
  },
  {
    what: "a frozen replica's locks outlive it",
    file: 'apps/session/src/database/data-source.ts',
    find: 'wait_timeout = 3,',
    replace: 'wait_timeout = 300,',
    ...lifecycle,
    name: 'frozen inside a drain',
  },
  {
    what: 'who has handed a session over still gets its words',
    file: 'apps/session/src/log/message-records.ts',
    find: 'if (agent_id) rooms.add(agentRoom(agent_id));',
    replace: `const all = globalThis as unknown as { known?: Set<string> };
  for (const one of (all.known ??= new Set()).add(agent_id ?? '')) rooms.add(agentRoom(one));`,
    project: 'e2e',
    test: 'tests/e2e/transfer.spec.ts',
    name: 'hand-overs',
  },
];
