/**
 * One dispatcher for the events of all sockets: limits, looks up, answers. Nothing that a client sends makes it throw.
 *
 * Guarantees: an event with an acknowledgement gets exactly one, as long as its socket is open; one without is handled all
 * the same. So many events are under way at once and no more: beyond it they are refused, to be sent again. Who is refused
 * for its rate again and again, without ever slowing down, is closed: each answer would cost what the limit is to save.
 */
import { type Ack, type ErrorCode, Refusal } from '#libs/contracts';
import { type BucketLimit, takeToken } from '#libs/domain';
import { MALFORMED } from '#libs/protocol';
import { now } from '../connection/clock.ts';
import type { Connection } from '../connection/connection.ts';
import type { GatewayMetrics } from '../connection/gateway-metrics.ts';
import type { EventHandler } from './client-events.ts';
import { codeOf, toAckError } from './to-socket-error.ts';

export interface DispatcherOptions {
  readonly handlers: ReadonlyMap<string, EventHandler>;
  readonly limit: BucketLimit;
  readonly metrics: GatewayMetrics;
  /** Its person has done something. */
  readonly noteSign: (connection: Connection, time: number) => void;
  readonly log: { error(fields: object, message: string): void };
}

type Answer = (answer: Ack<object>) => void;

const MOST_UNDER_WAY = 20_000;
/**
 * Refusals for the rate that a socket may collect; they are forgiven as fast as events are allowed. So who sends up to twice
 * what it may is never closed, and an application that sends a long list at once has each of its events answered.
 */
const MOST_REFUSALS = 5_000;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  #underWay = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Events that are not answered yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** @param args what a socket.io packet carries: the event's name, its data, and the acknowledgement's function if wanted */
  dispatch(connection: Connection, args: readonly unknown[]): void {
    if (!connection.isOpen) return;
    const [event, ...rest] = args;
    if (event === MALFORMED) return connection.end('MALFORMED_FRAME');
    const time = now();
    this.#options.noteSign(connection, time);
    const last = rest.at(-1);
    const answer = typeof last === 'function' ? (last as Answer) : undefined;
    const data = answer ? rest.slice(0, -1) : rest;
    const handler = typeof event === 'string' ? this.#options.handlers.get(event) : undefined;
    const name = handler && typeof event === 'string' ? event : 'unknown';
    const code = this.#findRefusal(connection, { isKnown: handler !== undefined, data, time });
    if (code || !handler) {
      this.#refuse(connection, { name, code: code ?? 'UNKNOWN_EVENT', answer });
      return code === 'RATE_LIMITED' ? this.#closeIfDeaf(connection, time) : undefined;
    }
    void this.#handle(connection, { name, handler, data: data[0], answer, time });
  }

  #findRefusal(
    connection: Connection,
    { isKnown, data, time }: { isKnown: boolean; data: readonly unknown[]; time: number },
  ): ErrorCode | undefined {
    if (!takeToken(connection, this.#options.limit, time)) return 'RATE_LIMITED';
    if (!isKnown) return 'UNKNOWN_EVENT';
    if (data.length !== 1) return 'VALIDATION_FAILED';
    if (this.#underWay >= MOST_UNDER_WAY) return 'OVERLOADED';
    return undefined;
  }

  /** Who asked for no answer is told by an `error` and closed when the fault is one of protocol; the rest is dropped. */
  #refuse(
    connection: Connection,
    { name, code, answer }: { name: string; code: ErrorCode; answer: Answer | undefined },
  ): void {
    this.#options.metrics.answered(name, code);
    if (answer) answer({ ok: false, error: toAckError(new Refusal(code), connection.locale) });
    else if (code === 'UNKNOWN_EVENT') connection.end(code);
  }

  #closeIfDeaf(connection: Connection, time: number): void {
    const { rate } = this.#options.limit;
    if (!connection.noteRefusal({ rate, burst: MOST_REFUSALS }, time)) connection.end('RATE_LIMITED');
  }

  async #handle(
    connection: Connection,
    call: { name: string; handler: EventHandler; data: unknown; answer: Answer | undefined; time: number },
  ): Promise<void> {
    const { name, handler, data, answer, time } = call;
    const { metrics, log } = this.#options;
    this.#underWay += 1;
    connection.pending += 1;
    let outcome: Ack<object>;
    try {
      outcome = { ok: true, data: await handler(connection, data) };
    } catch (err) {
      if (codeOf(err) === undefined) log.error({ err, event: name }, 'an event failed unexpectedly');
      outcome = { ok: false, error: toAckError(err, connection.locale) };
    }
    this.#underWay -= 1;
    connection.pending -= 1;
    answer?.(outcome);
    metrics.answered(name, outcome.ok ? 'ok' : outcome.error.code);
    if (name === 'message:send' && outcome.ok) metrics.acked((now() - time) / 1_000);
  }
}
