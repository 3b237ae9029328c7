import { expect, test } from 'vitest';
import { addUp, describeTotal, readOutcome, type Report } from './test-outcome.ts';

function report(...statuses: string[]): Report {
  const assertionResults = statuses.map((status, index) => ({ fullName: `test ${index}`, status }));
  const status = statuses.includes('failed') ? 'failed' : 'passed';
  return { testResults: [{ name: 'a.spec.ts', status, message: '', assertionResults }] };
}

test('failed and skipped tests are named, and the last line counts', () => {
  const outcomes = [
    readOutcome('unit', report('passed', 'passed'), true),
    readOutcome('e2e', report('passed', 'failed', 'skipped'), false),
  ];
  const text = describeTotal(outcomes, addUp(outcomes));
  expect(text).toContain('  failed: test 1');
  expect(text).toContain('  skipped: test 2');
  expect(text.split('\n').at(-1)).toBe('3 passed, 1 failed, 1 skipped');
});

test('a file that could not be loaded is a failure', () => {
  const broken = { name: 'b.spec.ts', status: 'failed', message: 'SyntaxError\n  at …', assertionResults: [] };
  const outcome = readOutcome('unit', { testResults: [...report('passed').testResults, broken] }, false);
  expect(outcome).toMatchObject({ passed: 1, failed: 1, failures: ['b.spec.ts: SyntaxError'] });
});

test('a run that failed without a failed test is a failure', () => {
  expect(readOutcome('unit', report('passed'), false).failed).toBe(1);
});

test('nothing ran: a failure', () => {
  expect(readOutcome('unit', { testResults: [] }, true).failures).toEqual(['no test ran']);
  expect(readOutcome('unit', undefined, false).failures).toEqual(['no test ran']);
});
