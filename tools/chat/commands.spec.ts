import { expect, test } from 'vitest';
import { commandOf } from './commands.ts';

test.each([
  ['hello there', { type: 'say', text: 'hello there' }],
  ['  ', { type: 'nothing' }],
  ['/status busy', { type: 'status', status: 'busy' }],
  ['/status asleep', { type: 'unknown', name: '/status asleep' }],
  ['/accept ses_1', { type: 'accept', session_id: 'ses_1' }],
  ['/accept', { type: 'accept', session_id: undefined }],
  ['/dance', { type: 'unknown', name: '/dance' }],
])('%j', (line, command) => {
  expect(commandOf(line)).toEqual(command);
});
