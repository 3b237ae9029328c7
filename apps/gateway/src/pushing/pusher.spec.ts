import { expect, test } from 'vitest';
import type { Delivery } from '#libs/contracts';
import { decodeFrame } from '#libs/protocol';
import { fakeConnection, fakeMetrics, type FakeWire, ids } from '../../fixture/connection-fixture.ts';
import type { Connection } from '../connection/connection.ts';
import { Rooms } from '../connection/rooms.ts';
import { Pusher } from './pusher.ts';

function makePusher() {
  const rooms = new Rooms<Connection>();
  const turns: (() => void)[] = [];
  const losses: string[] = [];
  const pusher = new Pusher({
    rooms,
    metrics: fakeMetrics(),
    onLoss: () => losses.push('lost'),
    nextTurn: (work) => turns.push(work),
  });
  const join = (room: string, options?: Parameters<typeof fakeConnection>[0]) => {
    const fake = fakeConnection(options);
    rooms.join(room, fake.connection);
    return fake;
  };
  return { pusher, rooms, turns, losses, join };
}

const delivery = (rooms: string[], value: unknown): Delivery => ({
  rooms,
  event: 'session:typing',
  json: JSON.stringify(value),
});
const values = (wire: FakeWire) => wire.events.map(([, value]) => value);

test('a socket in several rooms of a delivery gets it once, one in none gets nothing', () => {
  const { pusher, rooms, join } = makePusher();
  const both = join('a');
  rooms.join('b', both.connection);
  const stranger = join('c');
  pusher.push([delivery(['a', 'b'], 1), delivery(['b', 'a'], 2)]);
  expect(values(both.wire)).toEqual([1, 2]);
  expect(values(stranger.wire)).toEqual([]);
});

test('what a socket gets in one turn is one write, in order', () => {
  const { pusher, join } = makePusher();
  const { wire } = join('a');
  pusher.push(Array.from({ length: 20 }, (_, index) => delivery(['a'], index)));
  expect(wire.frames).toHaveLength(1);
  expect(values(wire)).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test('a large audience is met in turns of 500, and what comes meanwhile does not overtake', () => {
  const { pusher, turns, join } = makePusher();
  const crowd = Array.from({ length: 1_200 }, () => join('all'));
  pusher.push([delivery(['all'], 'first')]);
  const reached = () => crowd.filter(({ wire }) => wire.frames.length > 0).length;
  expect(reached()).toBe(500);
  pusher.push([delivery(['all'], 'second')]);
  expect(reached()).toBe(500);
  turns.shift()?.();
  expect(reached()).toBe(1_000);
  for (let turn = turns.shift(); turn; turn = turns.shift()) turn();
  for (const { wire } of crowd) expect(values(wire)).toEqual(['first', 'second']);
});

test('several deliveries share the 500 of a turn', () => {
  const { pusher, turns, join } = makePusher();
  const crowds = ['a', 'b'].map((room) => Array.from({ length: 300 }, () => join(room)));
  pusher.push([delivery(['a'], 1), delivery(['b'], 2)]);
  const reached = () => crowds.flat().filter(({ wire }) => wire.frames.length > 0).length;
  expect(reached()).toBe(500);
  turns.shift()?.();
  expect(reached()).toBe(600);
});

test('a message goes as a frame to binary sockets and as text to the others; what no frame can say goes as text', () => {
  const { pusher, join } = makePusher();
  const json = join('a');
  const binary = join('a', { isBinary: true });
  const message = {
    message_id: ids.message('1'),
    session_id: ids.session('1'),
    seq_id: 17,
    type: 'text',
    sender: ids.visitor('1'),
    sender_role: 'visitor',
    target: ids.session('1'),
    content: '你好 👋',
    send_time: '1769558400123456789',
    client_msg_id: '0198c0de-0000-7000-8000-000000000001',
    reply_to: null,
  };
  pusher.push([{ rooms: ['a'], event: 'message:created', json: JSON.stringify(message) }]);
  expect(json.wire.events).toEqual([['message:created', message]]);
  const [frame = Buffer.alloc(0)] = binary.wire.frames;
  const header = frame.readUInt8(1) < 126 ? 2 : 4;
  expect(decodeFrame(frame.subarray(header))).toMatchObject({ ok: true, kind: 'created', message });

  const odd = { ...message, seq_id: -1 };
  pusher.push([{ rooms: ['a'], event: 'message:created', json: JSON.stringify(odd) }]);
  expect(binary.wire.frames[1]).toEqual(json.wire.frames[1]);
});

test('when too much waits, what comes is dropped and said so after what waited is through', () => {
  const { pusher, turns, losses, join } = makePusher();
  for (let count = 0; count < 600; count += 1) join('all');
  pusher.push([delivery(['all'], 1), delivery(['all'], 2)]);
  pusher.push(Array.from({ length: 60_000 }, () => delivery(['all'], 'too much')));
  expect(losses).toEqual([]);
  for (let turn = turns.shift(); turn; turn = turns.shift()) turn();
  expect(losses).toEqual(['lost']);
});
