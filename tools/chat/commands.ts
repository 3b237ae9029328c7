/** What a typed line means. */
export type ChatCommand =
  | { type: 'say'; text: string }
  | { type: 'status'; status: 'online' | 'busy' | 'away' }
  | { type: 'accept' | 'use'; session_id: string | undefined }
  | { type: 'sessions' | 'human' | 'close' | 'outbox' | 'help' | 'nothing' }
  | { type: 'unknown'; name: string };

export const HELP =
  'Type a line to say it. /sessions /use ID /accept ID /status online|busy|away /human /close /outbox /help; Ctrl-C ends.';

export function commandOf(line: string): ChatCommand {
  const text = line.trim();
  if (text === '') return { type: 'nothing' };
  if (!text.startsWith('/')) return { type: 'say', text };
  const [name = '', argument] = text.slice(1).split(/\s+/);
  switch (name) {
    case 'sessions':
    case 'human':
    case 'close':
    case 'outbox':
    case 'help':
      return { type: name };
    case 'accept':
    case 'use':
      return { type: name, session_id: argument };
    case 'status':
      return argument === 'online' || argument === 'busy' || argument === 'away'
        ? { type: 'status', status: argument }
        : { type: 'unknown', name: text };
    default:
      return { type: 'unknown', name: text };
  }
}
