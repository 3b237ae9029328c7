import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataSchemas, type Draft, type Message } from '#libs/contracts';
import { type KafkaRecord, RecordError, type TopicRecord } from '#libs/kafka';
import { Failpoints } from '#libs/observability';
import { waitUntil } from '#libs/testing';
import { batchOf, draftOf, log, recordsOf, type Said, SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';
import { AppendBatch } from './append-batch.ts';
import { LogPlace } from './log-place.ts';
import { MessageStore } from './message.store.ts';
import { PlaceStore } from './place.store.ts';

let fixture: SessionFixture;
const stores: MessageStore[] = [];
beforeAll(async () => {
  fixture = await SessionFixture.open();
});
afterAll(async () => {
  for (const store of stores) store.disconnect();
  await fixture.close();
});

/** A replica's writer; what it publishes goes into `published`. */
function writer(published: TopicRecord[] = []): AppendBatch {
  const store = new MessageStore({ url: fixture.database.url, connect_timeout_ms: 5_000 });
  stores.push(store);
  const topic = { lowWatermark: async () => 0n, committed: async () => new Map(), seek: () => undefined };
  const places = new PlaceStore(fixture.dataSource);
  return new AppendBatch({
    store,
    place: new LogPlace({ messages: store, places, topic, onRewind: () => undefined, log }),
    followUps: fixture.opening,
    publish: async (records) => void published.push(...records),
    onStored: () => undefined,
    onQueueRequested: () => fixture.queueRequests.kick(),
    failpoints: new Failpoints([], []),
    log,
  });
}

async function said(): Promise<Said> {
  return { ...(await fixture.session()), channel_id: fixture.channel_id };
}
const contents = (messages: readonly { content: unknown }[]) => messages.map((message) => message.content);
const toMessages = (records: readonly TopicRecord[]) =>
  records.filter(({ topic }) => topic === 'chat.messages.v1').map(({ value }) => JSON.parse(String(value)) as Message);

test('four writers with the same records, resends and rewinds: numbers without a hole, each word once', async () => {
  const sessions = await Promise.all(Array.from({ length: 6 }, said));
  const records: KafkaRecord[] = [];
  for (let number = 0; number < 1_500; number += 1) {
    const one = sessions[number % sessions.length] ?? sessions[0];
    if (!one) throw new Error('there are sessions');
    const again = number % 7 === 3 ? records[Math.floor(Math.random() * records.length)] : undefined;
    if (again) records.push({ ...again, offset: BigInt(number) });
    else records.push(...recordsOf(one, [draftOf(one, String(number))], 0, BigInt(number)));
  }
  const published: TopicRecord[] = [];
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const own = writer(published);
      for (let at = 0; at < records.length;) {
        const size = 1 + Math.floor(Math.random() * 60);
        await own.run(batchOf(records.slice(at, at + size)));
        // Now and then back, as after a crash before the offsets were stored.
        at = Math.random() < 0.1 ? Math.max(0, at - 200) : at + size;
      }
    }),
  );
  for (const { session_id } of sessions) {
    const stored = await fixture.stored(session_id);
    expect(stored.map(({ seq_id }) => seq_id)).toEqual(stored.map((_, index) => index + 1));
    expect(new Set(contents(stored)).size).toBe(stored.length);
    const wanted = new Set(
      records.filter(({ key }) => key === session_id).map(({ value }) => (JSON.parse(String(value)) as Draft).content),
    );
    expect(new Set(contents(stored))).toEqual(wanted);
    // Whatever was published of a session: its first copies are in order, without a hole.
    const seen: number[] = [];
    for (const { seq_id, session_id: of } of toMessages(published)) {
      if (of === session_id && !seen.includes(seq_id)) seen.push(seq_id);
    }
    expect(seen).toEqual(stored.map(({ seq_id }) => seq_id));
  }
});

test("a sender's words keep their order, and a repeated batch changes nothing but is published again", async () => {
  const one = await said();
  const drafts = Array.from({ length: 20 }, (_, index) => draftOf(one, `word ${index}`));
  const batch = batchOf(recordsOf(one, drafts));
  const published: TopicRecord[] = [];
  const own = writer(published);
  await own.run(batch);
  const first = await fixture.stored(one.session_id);
  await own.run(batch);
  expect(await fixture.stored(one.session_id)).toEqual(first);
  expect(contents(first)).toEqual(drafts.map(({ content }) => content));
  expect(toMessages(published).map(({ seq_id }) => seq_id)).toEqual([...first, ...first].map(({ seq_id }) => seq_id));
  expect(published[0]?.headers).toMatchObject({
    seq_id: '1',
    ce_type: 'message.created',
    ce_dataschema: dataSchemas.message,
  });
});

test("a visitor's word to a closed session goes to its follow-up session under its own identity, once", async () => {
  const one = await said();
  const own = writer(fixture.published);
  const word = draftOf(one, 'thank you');
  const { visitor_id } = one;
  const caller = { kind: 'visitor', visitor_id, channel_id: fixture.channel_id } as const;
  await fixture.commands.run(one.session_id, { type: 'close' }, caller, { id: visitor_id });
  fixture.published.length = 0;
  await own.run(batchOf(recordsOf(one, [word])));
  await own.run(batchOf(recordsOf(one, [word])));
  const relocated = fixture.published.filter(({ topic }) => topic === 'chat.inbound.v1').map((record) => record);
  const drafts = relocated
    .map(({ value }) => JSON.parse(String(value)) as Draft)
    .filter(({ message_id }) => message_id === word.message_id);
  expect(drafts.length).toBeGreaterThan(0);
  const [follow_up] = [...new Set(drafts.map(({ session_id }) => session_id))];
  if (!follow_up) throw new Error('it was relocated');
  expect(follow_up).not.toBe(one.session_id);
  await own.run(batchOf(recordsOf({ ...one, session_id: follow_up }, drafts)));
  // The old record comes once more, after a crash: settled by identity.
  await own.run(batchOf(recordsOf(one, [word])));
  expect(contents(await fixture.stored(one.session_id))).not.toContain('thank you');
  expect(contents(await fixture.stored(follow_up)).filter((content) => content === 'thank you')).toHaveLength(1);
});

test("a bot's answer that comes when the bot is not in charge is dropped and remembered", async () => {
  const one = await said();
  const late = draftOf(one, 'I can help', { sender: 'bot', sender_role: 'bot' });
  await writer().run(batchOf(recordsOf(one, [late])));
  expect(await fixture.stored(one.session_id)).toEqual([]);
  const dropped = await fixture.database.query('SELECT message_id FROM dropped_messages WHERE session_id = ?', [
    one.session_id,
  ]);
  expect(dropped).toEqual([{ message_id: late.message_id }]);
});

test('a session that the database does not know is opened from the record, without an agent', async () => {
  const other = await SessionFixture.open();
  const foreign = { ...(await other.session()), channel_id: fixture.channel_id };
  await other.close();
  await writer().run(batchOf(recordsOf(foreign, [draftOf(foreign, 'still there?')])));
  expect(contents(await fixture.stored(foreign.session_id))).toEqual(['still there?']);
  await waitUntil('it to be in its queue', async () => {
    const row = await fixture.sessions.find(foreign.session_id);
    return row?.state === 'waiting' && row.agent_id === null && row.visitor_id === foreign.visitor_id;
  });
});

test("an answer to a notice brings its session into the queue, also when the writer's own request was never met", async () => {
  const visitor_id = await fixture.visitor();
  const { session_id } = await fixture.opening.openForApi(visitor_id, fixture.channel_id, { id: 'key' });
  const one = { session_id, visitor_id, channel_id: fixture.channel_id };
  const stateNow = async () => (await fixture.sessions.find(session_id))?.state;
  await writer().run(batchOf(recordsOf(one, [draftOf(one, 'shipped', { sender: 'demo', sender_role: 'api' })])));
  expect(await stateNow()).toBe('bot');
  const answer = batchOf(recordsOf(one, [draftOf(one, 'thanks, but where is it?')]));
  await writer().run(answer);
  await waitUntil('the session to wait', async () => (await stateNow()) === 'waiting');
  await fixture.database.query("UPDATE sessions SET state = 'bot' WHERE session_id = ?", [session_id]);
  await writer().run(answer);
  await waitUntil('the session to wait again', async () => (await stateNow()) === 'waiting');
});

test('a session of a channel that nobody knows is refused by its index', async () => {
  const one = await said();
  const foreign = { ...one, session_id: newId('ses'), channel_id: newId('chn') };
  const records = [
    ...recordsOf(one, [draftOf(one, 'known')]),
    ...recordsOf(foreign, [draftOf(foreign, 'unknown')], 0, 1n),
  ];
  await expect(writer().run(batchOf(records))).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL', index: 1 });
});

test('a record that is no draft is refused by its index, before anything is stored', async () => {
  const one = await said();
  const [good, bad] = recordsOf(one, [draftOf(one, 'fine'), draftOf(one, 'broken')]);
  if (!good || !bad) throw new Error('two records');
  const batch = batchOf([good, { ...bad, value: Buffer.from('}{') }]);
  await expect(writer().run(batch)).rejects.toBeInstanceOf(RecordError);
  expect(await fixture.stored(one.session_id)).toEqual([]);
});
