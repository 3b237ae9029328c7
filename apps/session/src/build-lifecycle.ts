import type { DataSource } from 'typeorm';
import type { Failpoints, Logger } from '#libs/observability';
import type { Job } from './jobs/job.ts';
import { EditSession } from './lifecycle/edit-session.ts';
import { FindSessions } from './lifecycle/find-sessions.ts';
import { Notes } from './lifecycle/notes.ts';
import { RunCommand } from './lifecycle/run-command.ts';
import { SessionOpening } from './lifecycle/session-opening.ts';
import { SessionsStore } from './lifecycle/sessions.store.ts';
import { Transitions } from './lifecycle/transitions.ts';
import { ReadMarks, type Signalling } from './log/read-marks.ts';
import { Outbox, type Publish } from './outbox/outbox.ts';
import { Agents } from './people/agents.ts';
import type { Leases } from './presence/leases.ts';
import { PresenceWatch } from './presence/presence-watch.ts';
import { Positions } from './queue/positions.ts';
import { QueueRequests } from './queue/queue-requests.ts';
import { QueueStore } from './queue/queue.store.ts';
import { Queue } from './queue/queue.ts';
import { ReadQueue } from './queue/read-queue.ts';
import { ConversationStore } from './timers/conversation.store.ts';
import { Timers } from './timers/timers.ts';

/** What a session's life is made of, over one database: from its opening through the queue to its end. */
export function buildLifecycle(given: {
  dataSource: DataSource;
  publish: Publish;
  signal: Signalling;
  leases: Leases;
  /** See timers.ts. */
  hasWriterPassed: () => Promise<boolean>;
  presence_grace_seconds: number;
  failpoints: Failpoints;
  log: Logger;
}) {
  const { dataSource, publish, signal, leases, hasWriterPassed, presence_grace_seconds, failpoints, log } = given;
  const outbox = new Outbox(dataSource, publish, log);
  const sessions = new SessionsStore(dataSource);
  const transitions = new Transitions(sessions, outbox, failpoints);
  const queueStore = new QueueStore();
  const queues = new ReadQueue(dataSource, queueStore);
  const positions = new Positions(dataSource, { store: queueStore, signal, log });
  const onMoved: Positions['noteMoved'] = (team_id) => positions.noteMoved(team_id);
  const queue = new Queue(dataSource, { store: queueStore, sessions, transitions, outbox, failpoints, onMoved, log });
  const marks = new ReadMarks(dataSource, signal);
  const find = new FindSessions(sessions, marks, queues);
  const opening = new SessionOpening(dataSource, sessions, transitions, { outbox, queue, queueStore });
  const commands = new RunCommand(dataSource, {
    sessions,
    transitions,
    find,
    outbox,
    queue,
    queueStore,
    failpoints,
  });
  const edits = new EditSession(dataSource, { sessions, transitions, find, commands, outbox, queue });
  const queueRequests = new QueueRequests(dataSource, commands, log);
  const notes = new Notes(dataSource, find, signal);
  const agents = new Agents(dataSource, outbox, queue);
  const conversations = new ConversationStore();
  const timers = new Timers(dataSource, { conversations, sessions, commands, agents, outbox, hasWriterPassed, log });
  const watch = { leases, agents, commands, grace_seconds: presence_grace_seconds, log };
  const presence = new PresenceWatch(dataSource, watch);
  return {
    outbox,
    sessions,
    queue,
    queueStore,
    queues,
    marks,
    find,
    opening,
    commands,
    edits,
    notes,
    queueRequests,
    agents,
    timers,
    presence,
    jobs: [outbox, positions, queue, queueRequests, timers, presence] satisfies Job[],
  };
}

export type Lifecycle = ReturnType<typeof buildLifecycle>;
