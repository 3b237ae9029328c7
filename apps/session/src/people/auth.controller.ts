import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { loginBody, Refusal } from '#libs/contracts';
import { Public } from '../edge/caller.ts';
import { RateLimiter } from '../edge/rate-limiter.ts';
import { Validated } from '../edge/validated.ts';
import { SignIn, type SignedIn } from './sign-in.ts';
import { SigningKeys } from './signing-keys.ts';

const COOKIE = 'seqdesk_refresh';
const DAY_MS = 86_400_000;
const COOKIE_PATH = '/api/v1/auth';

/** Sign-in attempts, counted by address and name. */
export class SignInLimiter extends RateLimiter {}

@Controller()
@Public()
export class AuthController {
  readonly #signIn: SignIn;
  readonly #keys: SigningKeys;
  readonly #limiter: SignInLimiter;

  constructor(signIn: SignIn, keys: SigningKeys, limiter: SignInLimiter) {
    this.#signIn = signIn;
    this.#keys = keys;
    this.#limiter = limiter;
  }

  @Post('auth/login')
  @HttpCode(200)
  async login(
    @Body(new Validated(loginBody)) { username, password }: z.output<typeof loginBody>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    this.#limiter.take(`${request.ip}\n${username.toLowerCase()}`, response);
    return this.#answer(await this.#signIn.withPassword(username, password), request, response);
  }

  @Post('auth/refresh')
  @HttpCode(200)
  async refresh(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    const token = readCookie(request);
    if (token === undefined) throw new Refusal('UNAUTHENTICATED');
    return this.#answer(await this.#signIn.withRefreshToken(token), request, response);
  }

  @Post('auth/logout')
  @HttpCode(204)
  async logout(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    const token = readCookie(request);
    if (token !== undefined) await this.#signIn.signOut(token);
    response.clearCookie(COOKIE, { path: COOKIE_PATH });
  }

  #answer({ refresh_token, ...rest }: SignedIn, request: Request, response: Response) {
    response.cookie(COOKIE, refresh_token, {
      httpOnly: true,
      sameSite: 'strict',
      secure: request.secure,
      path: COOKIE_PATH,
      maxAge: this.#signIn.refresh_token_days * DAY_MS,
    });
    return rest;
  }

  @Get('.well-known/jwks.json')
  jwks() {
    return this.#keys.jwks;
  }
}

function readCookie(request: Request): string | undefined {
  const pair = (request.headers.cookie ?? '').split(/;\s*/).find((part) => part.startsWith(`${COOKIE}=`));
  // What we set needs no decoding; anything else is no token of ours.
  return pair?.slice(COOKIE.length + 1);
}
