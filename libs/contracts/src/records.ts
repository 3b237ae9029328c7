/** Header names of the records on `chat.inbound.v1` and `chat.messages.v1`. Values are UTF-8 text. */
export const recordHeaders = {
  /** inbound: the session's channel and visitor, enough to open a session the database has forgotten. */
  channel_id: 'channel_id',
  visitor_id: 'visitor_id',
  /** messages: room names, comma separated; who gets the message on a screen. */
  audience: 'audience',
  state: 'state',
  log_epoch: 'log_epoch',
  seq_id: 'seq_id',
} as const;

/** Room names hold no comma, so a plain list is enough. */
export function formatAudience(rooms: readonly string[]): string {
  return rooms.join(',');
}

export function parseAudience(header: string): string[] {
  return header === '' ? [] : header.split(',');
}
