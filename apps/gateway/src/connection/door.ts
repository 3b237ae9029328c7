/**
 * The door of the sockets: which handshakes are answered at all, and which of them are let in.
 *
 * A flood from one address is dropped before anything is spent on it; whoever is refused otherwise gets a typed
 * `connect_error`, so that the client knows whether to try again.
 */
import type { IncomingMessage } from 'node:http';
import { localeOf, Refusal } from '#libs/contracts';
import { codeOf } from '../sending/to-socket-error.ts';
import type { AddressLimits } from './address-limits.ts';
import { clientAddress, type TrustedProxies } from './client-address.ts';
import { now } from './clock.ts';
import { errorEvent } from './connection.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { type Admitted, admit } from './handshake.ts';
import { isOriginAllowed } from './origins.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface DoorOptions {
  readonly keys: SigningKeys;
  readonly limits: AddressLimits;
  readonly trusted: TrustedProxies;
  readonly allowed_origins: readonly string[];
  readonly metrics: GatewayMetrics;
  readonly log: { error(fields: object, message: string): void };
}

/** How socket.io wants to hear a refusal. */
export interface RefusedHandshake extends Error {
  data: ReturnType<typeof errorEvent>;
}

/** A stock client asks again on the same WebSocket after a refusal; so often and no more. */
const MOST_TRIES = 5;

interface Attempts {
  readonly address: string;
  readonly isRefused: boolean;
  tries: number;
  isPending: boolean;
}

export class Door {
  readonly #options: DoorOptions;
  /** By HTTP request, which lives until its socket has been let in. */
  readonly #attempts = new WeakMap<IncomingMessage, Attempts>();
  #isClosing = false;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /**
   * From now on nobody is let in. Handshakes are not answered at all: after a typed refusal a stock client would not try
   * again by itself, after a failed connection it does, and finds another gateway.
   */
  close(): void {
    this.#isClosing = true;
  }

  /** Whether the request is answered with a WebSocket. */
  judge(request: IncomingMessage): boolean {
    const { limits, trusted, allowed_origins, metrics } = this.#options;
    if (this.#isClosing) return false;
    const { origin, host, 'x-forwarded-for': forwarded } = request.headers;
    if (!isOriginAllowed(origin, host, allowed_origins)) {
      metrics.refused('FORBIDDEN');
      return false;
    }
    const address = clientAddress(request.socket.remoteAddress, forwarded && String(forwarded), trusted);
    const admission = limits.admit(address, now());
    if (admission === 'dropped') {
      metrics.refused('dropped');
      return false;
    }
    this.#attempts.set(request, { address, isRefused: admission === 'refused', tries: 0, isPending: false });
    return true;
  }

  /** The client's address, as `judge` has found it. */
  addressOf(request: IncomingMessage): string {
    return this.#attempts.get(request)?.address ?? '';
  }

  /** Whether a handshake is under way. */
  isJudging(request: IncomingMessage): boolean {
    return this.#attempts.get(request)?.isPending ?? false;
  }

  /** Lets in or says why not. Never rejects. */
  async enter(
    request: IncomingMessage,
    auth: Readonly<Record<string, unknown>>,
  ): Promise<Admitted | { refused: RefusedHandshake; isHopeless: boolean }> {
    const attempts = this.#attempts.get(request);
    try {
      if (this.#isClosing) throw new Refusal('DRAINING');
      if (!attempts || attempts.isRefused) throw new Refusal('RATE_LIMITED');
      if (attempts.isPending) throw new Refusal('MALFORMED_FRAME', { detail: 'two handshakes at once' });
      attempts.tries += 1;
      attempts.isPending = true;
      try {
        return await admit(auth, this.#options.keys);
      } finally {
        attempts.isPending = false;
      }
    } catch (err) {
      const code = codeOf(err);
      if (code === undefined) this.#options.log.error({ err }, 'a handshake failed unexpectedly');
      const data = errorEvent(code ?? 'UNAVAILABLE', localeOf(request.headers['accept-language']));
      this.#options.metrics.refused(data.code);
      const isHopeless = data.code === 'MALFORMED_FRAME' || (attempts?.tries ?? MOST_TRIES) >= MOST_TRIES;
      return { refused: Object.assign(new Error(data.message), { data }), isHopeless };
    }
  }
}
