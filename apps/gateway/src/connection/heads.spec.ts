import { expect, test } from 'vitest';
import type { HeadsAnswer } from '#libs/contracts';
import { agent, fakeConnection, fakeMetrics, ids, visitor } from '../../fixture/connection-fixture.ts';
import { Connections } from './connections.ts';
import { HeadsTeller, type NoteConnected } from './heads.ts';
import { Rooms } from './rooms.ts';

const SLOTS = 2;

function make(noteConnected: NoteConnected) {
  const connections = new Connections(new Rooms(), SLOTS);
  const ask = async ({ readers }: { readers: readonly string[] }): Promise<HeadsAnswer> => ({
    log_epoch: 1,
    heads: Object.fromEntries(readers.map((reader) => [reader, {}])),
    watched: {},
  });
  const heads = new HeadsTeller({ ask, noteConnected, connections, metrics: fakeMetrics() });
  const open = (person: typeof agent) => {
    const { connection, wire } = fakeConnection({ person });
    connections.add(connection);
    return { connection, names: () => wire.events.map(([name]) => name) };
  };
  return { heads, open };
}

test('an agent is said to be here before the agent is told to be connected, once and never with a heartbeat', async () => {
  const said: string[][] = [];
  const { heads, open } = make(async (agent_ids) => {
    expect(names()).toEqual([]);
    said.push([...agent_ids]);
  });
  const { connection, names } = open(agent);
  await heads.greet(connection);
  await heads.tellAll();
  expect(names()).toEqual(['connection:ready', 'session:heads']);
  expect(said).toEqual([[ids.agent('1')]]);
});

test('a visitor is none whom anything is offered to', async () => {
  const said: string[][] = [];
  const { heads, open } = make(async (agent_ids) => void said.push([...agent_ids]));
  const { connection, names } = open(visitor);
  await heads.greet(connection);
  expect(names()).toEqual(['connection:ready']);
  expect(said).toEqual([]);
});

test('who can not be said to be here is told to be connected all the same', async () => {
  const { heads, open } = make(() => Promise.reject(new Error('session is away')));
  const { connection, names } = open(agent);
  await heads.greet(connection);
  expect(names()).toEqual(['connection:ready']);
});
