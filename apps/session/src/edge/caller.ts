import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  SetMetadata,
  type Type,
  UseGuards,
} from '@nestjs/common';
import type { Request } from 'express';
import { type Caller, idOf } from '#libs/domain';
import { Refusal } from '#libs/contracts';
import type { Once } from '../database/once.ts';
import type { Actor } from '../lifecycle/audit.ts';

/** A request after the guard has let it pass. */
export interface CallerRequest extends Request {
  caller?: Caller;
}

/** Callers by their tokens: `visitor`, `agent` (any person), `admin`, or `key:<scope>`. */
export type Allowed = 'visitor' | 'agent' | 'admin' | `key:${string}`;
/** Whom a handler, or all of a controller, lets in. What has no such mark lets in nobody. */
export type Door = readonly Allowed[] | 'public' | 'guarded by itself';
export const DOOR = Symbol('door');
const markDoor = (door: Door) => SetMetadata(DOOR, door);

export const Allow = (...allowed: [Allowed, ...Allowed[]]) => markDoor(allowed);
/** Anybody, without a token. */
export const Public = () => markDoor('public');
/** Callers that have no tokens of people or programs: only the guard that is named decides. */
export const GuardedBy = (guard: Type<CanActivate>) => applyDecorators(markDoor('guarded by itself'), UseGuards(guard));

/** The caller, as `Allow` has let it in. */
export const CallerOf = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<CallerRequest>();
  if (!caller) throw new Error('a handler that asks for its caller must say whom it allows');
  return caller;
});

/** Who acts, for the audit line. */
export const ActorOf = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const { caller, ip } = context.switchToHttp().getRequest<CallerRequest>();
  return { id: caller ? idOf(caller) : 'public', ip };
});

const KEY_LIMIT = 255;

/** The caller's `Idempotency-Key` with what it is for; undefined without one. @throws Refusal VALIDATION_FAILED */
export const OnceOf = createParamDecorator((_data: unknown, context: ExecutionContext): Once | undefined => {
  const request = context.switchToHttp().getRequest<CallerRequest>();
  const { caller, method, path } = request;
  const body: unknown = request.body;
  const key = request.headers['idempotency-key'];
  if (key === undefined || !caller) return undefined;
  if (typeof key !== 'string' || key.length === 0 || key.length > KEY_LIMIT) {
    throw new Refusal('VALIDATION_FAILED', { detail: `Idempotency-Key: must be 1 to ${KEY_LIMIT} characters` });
  }
  return { caller: idOf(caller), method, path, key, body };
});
