import { timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Refusal } from '#libs/contracts';

/** What services show each other, as the header's whole value. */
export class ServiceToken {
  readonly bearer: Buffer;

  constructor(service_token: string) {
    this.bearer = Buffer.from(`Bearer ${service_token}`);
  }
}

/** Lets in only who shows the service token. */
@Injectable()
export class ServiceGuard implements CanActivate {
  readonly #expected: Buffer;

  constructor({ bearer }: ServiceToken) {
    this.#expected = bearer;
  }

  canActivate(context: ExecutionContext): boolean {
    const shown = Buffer.from(context.switchToHttp().getRequest<Request>().headers.authorization ?? '');
    if (shown.length === this.#expected.length && timingSafeEqual(shown, this.#expected)) return true;
    throw new Refusal('UNAUTHENTICATED');
  }
}
