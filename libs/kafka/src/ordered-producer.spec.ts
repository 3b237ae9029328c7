import type { Producer, ProducerBatch } from 'kafkajs';
import { expect, test } from 'vitest';
import type { KafkaConnection } from './connection.ts';
import { OrderedProducer, type OrderedProducerOptions } from './ordered-producer.ts';
import type { Log, Meter } from './ports.ts';

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const metrics: Meter = {
  counter: () => ({ inc: () => {} }),
  gauge: () => ({ set: () => {} }),
  histogram: () => ({ observe: () => {} }),
};

/** A Kafka that answers each request when and how the test says. */
async function withKafka(options: Partial<OrderedProducerOptions> = {}) {
  const requests: { values: string[]; topics: string[]; ack(): void; fail(error: Error): void }[] = [];
  const sendBatch = ({ topicMessages = [] }: ProducerBatch) =>
    new Promise<[]>((resolve, reject) => {
      requests.push({
        topics: topicMessages.map(({ topic }) => topic),
        values: topicMessages.flatMap(({ messages }) => messages.map(({ value }) => String(value))),
        ack: () => resolve([]),
        fail: reject,
      });
    });
  const kafkajs = { connect: async () => {}, disconnect: async () => {}, sendBatch } as unknown as Producer;
  const kafka = { log, producer: () => kafkajs } as unknown as KafkaConnection;
  const producer = new OrderedProducer({ kafka, log, metrics, ...options });
  await producer.connect();
  const request = async (index: number) => {
    await expect.poll(() => requests.length, { interval: 1 }).toBeGreaterThan(index);
    const found = requests[index];
    if (found === undefined) throw new Error('unreachable');
    return found;
  };
  return { producer, requests, request };
}
const record = (value: string) => ({ key: 'k', value });
const outcome = (sending: Promise<void>) =>
  sending.then(
    () => 'acked',
    (error: { code: string }) => error.code,
  );
/** As kafkajs wraps what the broker answers. */
function refusal(type: string): Error {
  return new Error('retries exceeded', { cause: Object.assign(new Error(type), { type }) });
}

test('what is sent while a request is under way goes together with the next one, all topics in one', async () => {
  const { producer, requests, request } = await withKafka();
  const first = producer.send('a', record('1'));
  const under = await request(0);
  const more = [producer.send('a', record('2')), producer.send('b', record('3')), producer.send('a', record('4'))];
  await new Promise(setImmediate);
  expect(requests).toHaveLength(1);
  under.ack();
  await first;
  const second = await request(1);
  expect(second).toMatchObject({ topics: ['a', 'b'], values: ['2', '4', '3'] });
  second.ack();
  await Promise.all(more);
});

test('a send is not acked before Kafka acks', async () => {
  const { producer, request } = await withKafka();
  let isAcked = false;
  const sending = producer.send('a', record('1')).then(() => (isAcked = true));
  const under = await request(0);
  await new Promise(setImmediate);
  expect(isAcked).toBe(false);
  under.ack();
  await sending;
});

test('a failed request is sent again as a whole before anything else', async () => {
  const { producer, request } = await withKafka();
  const sent = [producer.send('a', record('1')), producer.send('a', record('2'))];
  (await request(0)).fail(refusal('NOT_LEADER_FOR_PARTITION'));
  sent.push(producer.send('a', record('3')));
  const again = await request(1);
  expect(again.values).toEqual(['1', '2']);
  again.ack();
  const next = await request(2);
  expect(next.values).toEqual(['3']);
  next.ack();
  await Promise.all(sent);
});

test('without an ack a call fails within its deadline, retryable, and so does what waits behind it', async () => {
  const { producer, requests, request } = await withKafka({ deadlineMs: 500 });
  const first = outcome(producer.send('a', record('1')));
  await request(0);
  const behind = outcome(producer.send('a', record('2')));
  expect(await Promise.all([first, behind])).toEqual(['NO_ACK', 'NO_ACK']);
  expect(() => producer.checkHealth()).toThrow('not acked');
  // The request may still arrive: nothing may overtake it.
  const later = producer.send('a', record('3'));
  await new Promise(setImmediate);
  expect(requests).toHaveLength(1);
  requests[0]?.ack();
  (await request(1)).ack();
  await later;
  expect(requests[1]?.values).toEqual(['3']);
  producer.checkHealth();
});

test('what can never be acked fails at once and is not retryable', async () => {
  const { producer, request } = await withKafka({ maxRecordBytes: 1_000 });
  await expect(producer.send('a', record('x'.repeat(2_000)))).rejects.toMatchObject({
    code: 'RECORD_TOO_LARGE',
    retryable: false,
  });
  const refused = producer.send('a', record('1'));
  refused.catch(() => {});
  (await request(0)).fail(refusal('MESSAGE_TOO_LARGE'));
  await expect(refused).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', retryable: false });
});

test('a record that Kafka refuses is found by halving: only its call is refused, its neighbours are acked in order', async () => {
  const { producer, requests, request } = await withKafka();
  const sent = ['1', '2', 'bad', '4'].map((value) => outcome(producer.send('a', record(value))));
  const answer = async (index: number) => {
    const under = await request(index);
    if (under.values.includes('bad')) under.fail(refusal('MESSAGE_TOO_LARGE'));
    else under.ack();
  };
  await answer(0);
  sent.push(outcome(producer.send('a', record('5'))));
  for (let index = 1; index <= 5; index += 1) await answer(index);
  expect(await Promise.all(sent)).toEqual(['acked', 'acked', 'MESSAGE_TOO_LARGE', 'acked', 'acked']);
  expect(requests.map(({ values }) => values.join(' '))).toEqual(['1 2 bad 4', '1 2', 'bad 4', 'bad', '4', '5']);
  producer.checkHealth();
});

test('of a call with a refused record nothing is sent behind that record', async () => {
  const { producer, requests, request } = await withKafka({ maxBatchRecords: 3 });
  const many = outcome(producer.sendMany(['1', 'bad', '3', '4'].map((value) => ({ topic: 'a', ...record(value) }))));
  const behind = producer.send('a', record('5'));
  (await request(0)).fail(refusal('INVALID_RECORD'));
  (await request(1)).fail(refusal('INVALID_RECORD'));
  (await request(2)).ack();
  (await request(3)).fail(refusal('INVALID_RECORD'));
  expect(await many).toBe('INVALID_RECORD');
  (await request(4)).ack();
  await behind;
  expect(requests.map(({ values }) => values.join(' '))).toEqual(['1 bad 3', '1 bad', '1', 'bad', '5']);
});

test.each(['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED', 'INVALID_TOPIC_EXCEPTION', 'CORRUPT_MESSAGE'])(
  '%s is nobody’s record: the same is sent again, and nobody is refused for good',
  async (type) => {
    const { producer, requests, request } = await withKafka({ deadlineMs: 500 });
    const failures = ['1', '2'].map((value) => producer.send('a', record(value)).catch((error: unknown) => error));
    (await request(0)).fail(refusal(type));
    await request(1);
    failures.push(producer.send('a', record('3')).catch((error: unknown) => error));
    for (const failure of await Promise.all(failures)) expect(failure).toMatchObject({ retryable: true });
    expect(requests.map(({ values }) => values)).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
  },
);

test('when nobody waits for a refused half any more, what is behind it fails too, but never for good', async () => {
  const { producer, requests, request } = await withKafka({ deadlineMs: 2_000 });
  const first = producer.send('a', record('0'));
  const under = await request(0);
  const overdue = outcome(producer.send('a', record('1')));
  const began = performance.now();
  // Later, so that its caller still waits when the other one has given up.
  await expect.poll(() => performance.now() - began, { interval: 10, timeout: 5_000 }).toBeGreaterThan(500);
  const behind = producer.send('a', record('2')).catch((error: unknown) => error);
  under.ack();
  await first;
  (await request(1)).fail(refusal('MESSAGE_TOO_LARGE'));
  const half = await request(2);
  expect(await overdue).toBe('NO_ACK');
  half.fail(refusal('MESSAGE_TOO_LARGE'));
  expect(await behind).toMatchObject({ code: 'MESSAGE_TOO_LARGE', retryable: true });
  expect(requests.map(({ values }) => values.join(' '))).toEqual(['0', '1 2', '1']);
});

test('a full queue refuses, and takes again when it has emptied', async () => {
  const { producer, request } = await withKafka({ maxQueuedRecords: 2 });
  const first = producer.send('a', record('1'));
  const under = await request(0);
  const queued = [producer.send('a', record('2')), producer.send('a', record('3'))];
  await expect(producer.send('a', record('4'))).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true });
  under.ack();
  await first;
  (await request(1)).ack();
  await Promise.all(queued);
  const last = producer.send('a', record('5'));
  (await request(2)).ack();
  await last;
});

test('sendMany keeps its order over several requests and resolves with the last one', async () => {
  const { producer, requests, request } = await withKafka({ maxBatchRecords: 2 });
  let isAcked = false;
  const sending = producer.sendMany(['1', '2', '3'].map((value) => ({ topic: 'a', ...record(value) })));
  const watched = sending.then(() => (isAcked = true));
  (await request(0)).ack();
  const second = await request(1);
  expect(isAcked).toBe(false);
  second.ack();
  await watched;
  expect(requests.map(({ values }) => values)).toEqual([['1', '2'], ['3']]);
});

test('close sends what waits and takes nothing more', async () => {
  const { producer, request } = await withKafka();
  const sent = producer.send('a', record('1'));
  const closed = producer.close();
  await expect(producer.send('a', record('2'))).rejects.toMatchObject({ code: 'NOT_OPEN' });
  (await request(0)).ack();
  await Promise.all([sent, closed]);
});
