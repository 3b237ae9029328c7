import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Request } from 'express';
import { type Caller, idOf } from '#libs/domain';
import type { Actor } from '../lifecycle/transitions.ts';

/** A request after the guard has let it pass. */
export interface CallerRequest extends Request {
  caller?: Caller;
}

/** Who may call: `visitor`, `agent` (any person), `admin`, or `key:<scope>`. Without it a call is public. */
export type Allowed = 'visitor' | 'agent' | 'admin' | `key:${string}`;
export const ALLOWED = Symbol('allowed');
export const Allow = (...allowed: Allowed[]) => SetMetadata(ALLOWED, allowed);

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
