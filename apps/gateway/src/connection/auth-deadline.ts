/**
 * Whoever holds a WebSocket has to sign in in time; who does not is told why and closed.
 *
 * A handshake that is under way is none of the client's faults: it gets a little longer, and then socket.io's own deadline
 * closes without a word, after which a stock client tries again by itself.
 */
import { localeOf } from '#libs/contracts';
import { connectErrorFrame, eventFrame } from '../pushing/ws-frame.ts';
import { errorEvent, type Wire } from './connection.ts';

/** engine.io's socket before anybody has signed in. */
export interface UnknownWire extends Pick<Wire, 'readyState' | 'write' | 'close'> {
  /** Null from when it is let in. */
  readonly request: { readonly headers: { readonly 'accept-language'?: string | undefined } } | null;
  authTimer: NodeJS.Timeout | undefined;
}

export interface AuthDeadlineOptions<Unknown extends UnknownWire> {
  readonly auth_deadline_ms: number;
  readonly isUnderWay: (wire: Unknown) => boolean;
}

/** How much later socket.io's own deadline has to be. */
export const GRACE_MS = 1_000;

export class AuthDeadline<Unknown extends UnknownWire> {
  readonly #auth_deadline_ms: number;
  readonly #expire: (wire: Unknown) => void;

  constructor({ auth_deadline_ms, isUnderWay }: AuthDeadlineOptions<Unknown>) {
    this.#auth_deadline_ms = auth_deadline_ms;
    this.#expire = (wire) => {
      wire.authTimer = undefined;
      if (wire.request && wire.readyState === 'open' && !isUnderWay(wire)) refuse(wire, wire.request.headers);
    };
  }

  begin(wire: Unknown): void {
    wire.authTimer = setTimeout(this.#expire, this.#auth_deadline_ms, wire);
  }

  /** It has signed in or is closed. */
  end(wire: Unknown): void {
    clearTimeout(wire.authTimer);
    wire.authTimer = undefined;
  }
}

/**
 * Told in both forms. First as the refusal of a handshake: a stock client that has not sent its own yet hears this alone,
 * and listens no more. The event alone it would keep, and show after its next, successful handshake.
 */
function refuse(wire: UnknownWire, headers: { readonly 'accept-language'?: string | undefined }): void {
  const error = errorEvent('AUTH_TIMEOUT', localeOf(headers['accept-language']));
  const refusal = connectErrorFrame(JSON.stringify({ message: error.message, data: error }));
  const frames = [refusal, eventFrame('error', JSON.stringify(error))];
  wire.write('', { compress: false, wsPreEncodedFrame: [Buffer.concat(frames)] });
  wire.close();
}
