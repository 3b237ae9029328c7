import { expect, test } from 'vitest';
import { cloudEventHeaders } from './cloud-events.ts';

test('an event is described in binary mode', () => {
  const event = {
    id: 'evt_1',
    type: 'session.opened',
    source: 'seqdesk/session',
    time: '2026-11-24T02:00:00Z',
    subject: 'ses_1',
    dataschema: 'https://seqdesk.dev/schemas/event.v1.json',
  } as const;
  expect(cloudEventHeaders(event)).toEqual({
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: 'evt_1',
    ce_type: 'session.opened',
    ce_source: 'seqdesk/session',
    ce_time: '2026-11-24T02:00:00Z',
    ce_subject: 'ses_1',
    ce_dataschema: 'https://seqdesk.dev/schemas/event.v1.json',
  });
});
