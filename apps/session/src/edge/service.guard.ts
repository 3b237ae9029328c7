import { timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Refusal } from '#libs/contracts';

/** Lets in only who shows the service token. */
@Injectable()
export class ServiceGuard implements CanActivate {
  readonly #expected: Buffer;

  constructor(service_token: string) {
    this.#expected = Buffer.from(`Bearer ${service_token}`);
  }

  canActivate(context: ExecutionContext): boolean {
    const shown = Buffer.from(context.switchToHttp().getRequest<Request>().headers.authorization ?? '');
    if (shown.length === this.#expected.length && timingSafeEqual(shown, this.#expected)) return true;
    throw new Refusal('UNAUTHENTICATED');
  }
}
