import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BatchedQuestions } from './batched-questions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Asked {
  keys: readonly string[];
  answer(answers: Record<string, string>): void;
  fail(): void;
}

function make(limits: { keys_a_question?: number; at_once?: number } = {}) {
  const asked: Asked[] = [];
  const ask = (keys: readonly string[]) =>
    new Promise<Map<string, string>>((resolve, reject) => {
      asked.push({
        keys,
        answer: (answers) => resolve(new Map(Object.entries(answers))),
        fail: () => reject(new Error('nobody there')),
      });
    });
  const questions = new BatchedQuestions({ ask, linger_ms: 4, keys_a_question: 3, at_once: 1, ...limits });
  return { questions, asked };
}

test('who asks within the linger shares a question; the same key is asked once; unknown keys get undefined', async () => {
  const { questions, asked } = make();
  const answers = Promise.all(['a', 'b', 'a'].map((key) => questions.get(key)));
  expect(asked).toEqual([]);
  vi.advanceTimersByTime(4);
  expect(asked.map(({ keys }) => keys)).toEqual([['a', 'b']]);
  asked[0]?.answer({ a: 'A' });
  expect(await answers).toEqual(['A', undefined, 'A']);
});

test('a full question leaves at once, and the rest waits for its turn', async () => {
  const { questions, asked } = make();
  const answers = Promise.all(['a', 'b', 'c', 'd'].map((key) => questions.get(key)));
  expect(asked.map(({ keys }) => keys)).toEqual([['a', 'b', 'c']]);
  vi.advanceTimersByTime(100);
  expect(asked).toHaveLength(1);
  asked[0]?.answer({ a: 'A', b: 'B', c: 'C' });
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  asked[1]?.answer({ d: 'D' });
  expect(await answers).toEqual(['A', 'B', 'C', 'D']);
});

test('a question under way is not joined: its answer may be older than the asking', async () => {
  const { questions, asked } = make({ at_once: 2 });
  const first = questions.get('a');
  vi.advanceTimersByTime(4);
  const second = questions.get('a');
  vi.advanceTimersByTime(4);
  expect(asked).toHaveLength(2);
  asked[0]?.answer({ a: 'old' });
  asked[1]?.answer({ a: 'new' });
  expect(await Promise.all([first, second])).toEqual(['old', 'new']);
});

test('when a question fails, all that wait behind it fail too, and later ones are asked again', async () => {
  const { questions, asked } = make();
  const failing = Promise.allSettled(['a', 'b', 'c', 'd'].map((key) => questions.get(key)));
  asked[0]?.fail();
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  const later = questions.get('e');
  vi.advanceTimersByTime(4);
  asked[1]?.answer({ e: 'E' });
  expect(await later).toBe('E');
});
