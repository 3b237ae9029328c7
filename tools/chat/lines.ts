import { CallFailed, type Colleague, type OutboxEntry } from '#libs/client';
import { errorCatalogue, type Message, type QueueItem, type ServerEvents, type Session } from '#libs/contracts';
import type { Role } from './commands.ts';
import type { Names } from './names.ts';

/** Who reads the lines. */
export interface Reader {
  readonly id: string;
  readonly role: Role;
  readonly names: Names;
}

const CONTINUED = `\n${' '.repeat(5)}`;

/** A line as the terminal may get it. People's words are no commands to it: what could move the cursor is shown as a sign. */
export function printable(text: string): string {
  return text.replaceAll(/\r\n|[\n\r\u2028\u2029]/g, CONTINUED).replaceAll(/(?!\n)\p{Cc}/gu, (sign) => {
    const code = sign.codePointAt(0) ?? 0;
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : '�';
  });
}

export function messageLine(message: Message, reader: Reader): string {
  const { seq_id, type } = message;
  const number = String(seq_id).padStart(4);
  if (type === 'transfer') return `${number} — ${handOver(message, reader)}`;
  const words = wordsOf(message);
  return type === 'system' ? `${number} — ${words}` : `${number} ${senderOf(message, reader)}: ${words}`;
}

function senderOf({ sender, sender_role }: Message, { role, names }: Reader): string {
  // A visitor may have had another id when this was said.
  if (sender_role === 'visitor') return role === 'visitor' ? 'you' : names.of(sender, 'visitor');
  if (sender_role === 'agent') return names.of(sender, 'agent');
  return sender_role === 'api' ? sender : sender_role;
}

function wordsOf({ type, content }: Message): string {
  if (typeof content === 'string') return content;
  return type === 'recall' ? '[withdrew a message]' : `[${type}] ${JSON.stringify(content)}`;
}

/** Whom a hand-over names; undefined when it is no hand-over. */
export function targetOf({ type, content }: Message): string | undefined {
  return type === 'transfer' && typeof content !== 'string' ? String(content['to']) : undefined;
}

function handOver({ content }: Message, { role, names }: Reader): string {
  const { from, to } = content as { from: string; to: string };
  if (role === 'visitor') {
    if (to.startsWith('team_')) return 'another team goes on with you; please wait';
    return `${names.of(to, 'another agent')} goes on with you`;
  }
  return `${names.of(from)} handed over to ${names.of(to)}`;
}

export function outboxLine({ message, state, attempts, error }: OutboxEntry): string {
  const words = typeof message.content === 'string' ? message.content : message.type;
  const times = attempts > 1 ? `, attempt ${attempts}` : '';
  return `  ↑ ${state}${times}${error ? ` (${error.message})` : ''}: ${words}`;
}

/** `position 3, about 40 s`. */
export function placeText({
  position,
  eta_seconds,
}: {
  position: number;
  eta_seconds?: number | null | undefined;
}): string {
  return `position ${position}${eta_seconds === null || eta_seconds === undefined ? '' : `, about ${roughly(eta_seconds)}`}`;
}

/** An estimate says no more than it knows: tens of seconds, then minutes. */
function roughly(seconds: number): string {
  const tens = Math.max(1, Math.ceil(seconds / 10)) * 10;
  return tens < 60 ? `${tens} s` : `${Math.round(tens / 60)} min`;
}

/** A time of day here, to the second: offers live for half a minute. */
function clockText(time: string): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

export function offerLine({ session, from, expires_at }: ServerEvents['transfer:offered'], { names }: Reader): string {
  const reason = session.transfer?.reason;
  const until = `until ${clockText(expires_at)}${reason ? `: ${reason}` : ''}`;
  return `· ${names.of(from)} offers you the session ${names.session(session.session_id)} ${until}. /take or /decline`;
}

/** What has become of a session, for an agent; undefined when that is nothing to speak of. */
export function sessionLine(before: Session | undefined, after: Session, reader: Reader): string | undefined {
  const news = newsOf(before, after, reader);
  return news === undefined ? undefined : `· ${reader.names.session(after.session_id)} ${news}`;
}

function newsOf(before: Session | undefined, after: Session, { id, names }: Reader): string | undefined {
  const { state, agent, transfer, close_reason } = after;
  const isMine = agent?.agent_id === id;
  const wasMine = before?.agent?.agent_id === id && (before.state === 'serving' || before.state === 'transferring');
  const isSame = before?.state === state && before.agent?.agent_id === agent?.agent_id;
  switch (state) {
    case 'waiting':
      return isSame ? undefined : 'waits: /accept takes it';
    case 'serving':
      if (isSame) return undefined;
      if (isMine) return wasMine ? 'stays with you: the offer is over' : 'is yours now';
      return before && agent ? `is served by ${agent.name} now` : undefined;
    case 'transferring':
      if (!isMine || !transfer || before?.transfer?.expires_at === transfer.expires_at) return undefined;
      return `is on offer to ${names.of(transfer.to_agent ?? '')} until ${clockText(transfer.expires_at)}: /cancel takes it back`;
    case 'closed':
      return before && !isSame ? `is closed${close_reason ? ` (${close_reason})` : ''}` : undefined;
    case 'bot':
      return undefined;
  }
}

const reasons: Readonly<Record<string, string>> = {
  transferred: 'handed over',
  assigned: 'taken over',
  returned: 'back in the queue',
  transfer_failed: 'back in the queue',
  closed: 'closed',
  not_found: 'not to be seen',
};

export function removedLine({ session_id, reason }: ServerEvents['session:removed'], { names }: Reader): string {
  return `· ${names.session(session_id)} has gone from you: ${reasons[reason] ?? reason}`;
}

export function lateLine({ session_id, kind, level }: ServerEvents['sla:breached'], { names }: Reader): string {
  const whose = level === 'supervisor' ? 'an agent’s' : 'your';
  return `! ${names.session(session_id)} waits for ${whose} ${kind === 'first_reply' ? 'first reply' : 'reply'}`;
}

export function queueLine(item: QueueItem, { names }: Reader): string {
  const { session_id, visitor, waited_seconds, priority } = item;
  names.learnSession({ session_id, visitor, agent: null });
  const urgent = priority > 0 ? `, priority ${priority}` : '';
  return `·   ${names.session(session_id)}  ${placeText(item)}, waits for ${Math.round(waited_seconds)} s${urgent}`;
}

export function colleagueLine({ name, status, active, capacity }: Colleague, presence: string | undefined): string {
  return `·   ${name}  ${presence ?? status}, serves ${active} of ${capacity}`;
}

/** The text of a refusal, and what it says beyond the text that every refusal of its kind has. */
export function failureLine(error: unknown): string {
  if (!(error instanceof CallFailed)) return `! ${error instanceof Error ? error.message : String(error)}`;
  const usual: string | undefined = Object.entries(errorCatalogue).find(([code]) => code === error.code)?.[1].text.en;
  const isMore = error.detail !== undefined && error.detail !== usual && error.detail !== error.message;
  return `! ${error.message}${isMore ? ` (${error.detail})` : ''}`;
}
