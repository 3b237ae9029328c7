import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { Refusal } from '#libs/contracts';
import { type Caller, hasScope, idOf } from '#libs/domain';
import type { Agents } from '../people/agents.ts';
import { ApiKeys } from '../people/api-keys.ts';
import { Tokens } from '../people/tokens.ts';
import { type Allowed, type CallerRequest, DOOR, type Door } from './caller.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Turns the bearer token into a caller, holds it against whom the handler lets in, and counts its calls. */
@Injectable()
export class CallerGuard implements CanActivate {
  readonly #reflector: Reflector;
  readonly #tokens: Tokens;
  readonly #keys: ApiKeys;
  readonly #limiter: RateLimiter;
  readonly #agents: Agents;

  constructor(
    reflector: Reflector,
    { tokens, apiKeys, limiter, agents }: { tokens: Tokens; apiKeys: ApiKeys; limiter: RateLimiter; agents: Agents },
  ) {
    this.#reflector = reflector;
    this.#tokens = tokens;
    this.#keys = apiKeys;
    this.#limiter = limiter;
    this.#agents = agents;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const door = this.#reflector.getAllAndOverride<Door | undefined>(DOOR, [context.getHandler(), context.getClass()]);
    if (door === 'public' || door === 'guarded by itself') return true;
    if (door === undefined) throw new Refusal('FORBIDDEN');
    const http = context.switchToHttp();
    const request = http.getRequest<CallerRequest>();
    const caller = await this.#identify(request.headers.authorization);
    if (!door.some((who) => isMeant(who, caller))) throw new Refusal('FORBIDDEN');
    this.#limiter.take(idOf(caller), http.getResponse<Response>());
    request.caller = caller;
    // Before the call itself: who takes a session over REST must not count as absent.
    if (caller.kind === 'agent') await this.#agents.noteSeen(caller.agent_id);
    return true;
  }

  async #identify(authorization: string | undefined): Promise<Caller> {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new Refusal('UNAUTHENTICATED');
    return token.startsWith('sk_') ? this.#keys.identify(token) : this.#tokens.verify(token);
  }
}

function isMeant(who: Allowed, caller: Caller): boolean {
  if (who === 'visitor') return caller.kind === 'visitor';
  if (who === 'agent') return caller.kind === 'agent';
  if (who === 'admin') return (caller.kind === 'agent' && caller.role === 'admin') || hasScope(caller, 'admin');
  return hasScope(caller, who.slice('key:'.length));
}
