import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { loginBody, Refusal } from '#libs/contracts';
import { RateLimiter } from '../edge/rate-limiter.ts';
import { Validated } from '../edge/validated.ts';
import { SignIn, type SignedIn } from './sign-in.ts';
import { SigningKeys } from './signing-keys.ts';

const COOKIE = 'seqdesk_refresh';
const COOKIE_PATH = '/api/v1/auth';

/** Sign-in attempts, counted by address and name. */
export class SignInLimiter extends RateLimiter {}

@Controller()
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
    return answer(await this.#signIn.withPassword(username, password), request, response);
  }

  @Post('auth/refresh')
  @HttpCode(200)
  async refresh(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    return answer(await this.#signIn.withRefreshToken(readCookie(request)), request, response);
  }

  @Post('auth/logout')
  @HttpCode(204)
  async logout(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    await this.#signIn.signOut(readCookie(request));
    response.clearCookie(COOKIE, { path: COOKIE_PATH });
  }

  @Get('.well-known/jwks.json')
  jwks() {
    return this.#keys.jwks;
  }
}

function answer({ refresh_token, ...rest }: SignedIn, request: Request, response: Response) {
  response.cookie(COOKIE, refresh_token, {
    httpOnly: true,
    sameSite: 'strict',
    secure: request.secure,
    path: COOKIE_PATH,
  });
  return rest;
}

function readCookie(request: Request): string {
  const pair = (request.headers.cookie ?? '').split(/;\s*/).find((part) => part.startsWith(`${COOKIE}=`));
  if (!pair) throw new Refusal('UNAUTHENTICATED');
  return decodeURIComponent(pair.slice(COOKIE.length + 1));
}
