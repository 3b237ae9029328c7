import { expect, test } from 'vitest';
import { Rooms } from './rooms.ts';

const [anna, bo, cleo] = [{ name: 'anna' }, { name: 'bo' }, { name: 'cleo' }];

function makeRooms() {
  const rooms = new Rooms<{ name: string }>();
  const membersOf = (room: string) => [...rooms.membersOf(room)].map(({ name }) => name);
  return { rooms, membersOf };
}

test('a room has whoever joined and did not leave, each once, and is gone with the last', () => {
  const { rooms, membersOf } = makeRooms();
  expect(membersOf('a')).toEqual([]);
  for (const member of [anna, anna, bo, cleo, bo]) rooms.join('a', member);
  rooms.join('b', anna);
  expect([membersOf('a'), membersOf('b'), rooms.size]).toEqual([['anna', 'bo', 'cleo'], ['anna'], 2]);
  rooms.leave('a', anna);
  rooms.leave('a', cleo);
  expect(membersOf('a')).toEqual(['bo']);
  for (const room of ['a', 'b']) for (const member of [bo, anna]) rooms.leave(room, member);
  expect([membersOf('a'), membersOf('b'), rooms.size]).toEqual([[], [], 0]);
});

test('who was never in a room does not take its only member away', () => {
  const { rooms, membersOf } = makeRooms();
  rooms.join('a', anna);
  rooms.leave('a', bo);
  expect(membersOf('a')).toEqual(['anna']);
});

test('members may leave while they are gone through', () => {
  const { rooms } = makeRooms();
  for (const member of [anna, bo]) rooms.join('a', member);
  for (const member of rooms.membersOf('a')) rooms.leave('a', member);
  expect(rooms.size).toBe(0);
});
