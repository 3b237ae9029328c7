import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { expect, test } from 'vitest';
import { Refusal } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import { Allow, Public } from './caller.ts';
import { CallerGuard } from './caller.guard.ts';
import { RateLimiter } from './rate-limiter.ts';

class Doors {
  @Allow('agent')
  people(): void {}
  @Public()
  everybody(): void {}
  forgotten(): void {}
}

const callers: Record<string, Caller> = {
  visitor: { kind: 'visitor', visitor_id: 'vis_1' as never, channel_id: 'chn_1' as never },
  agent: { kind: 'agent', agent_id: 'agt_1' as never, role: 'agent', team_ids: [] },
  admin: { kind: 'agent', agent_id: 'agt_2' as never, role: 'admin', team_ids: [] },
};

/** What becomes of a request with that token. */
async function enter(door: keyof Doors, token?: string): Promise<string> {
  const tokens = { verify: (name: string) => Promise.resolve(callers[name]) };
  const guard = new CallerGuard(new Reflector(), {
    tokens: tokens as never,
    apiKeys: undefined as never,
    limiter: new RateLimiter(100, 100),
    agents: { noteSeen: async () => undefined } as never,
  });
  const request = { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
  const context = {
    getType: () => 'http',
    getHandler: () => Doors.prototype[door],
    getClass: () => Doors,
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => undefined }),
  } as unknown as ExecutionContext;
  return guard.canActivate(context).then(
    () => 'in',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );
}

test('a handler lets in whom it names', async () => {
  expect(await enter('people', 'agent')).toBe('in');
  expect(await enter('people', 'admin')).toBe('in');
  expect(await enter('people', 'visitor')).toBe('FORBIDDEN');
  expect(await enter('people')).toBe('UNAUTHENTICATED');
});

test('what is public asks for no token', async () => {
  expect(await enter('everybody')).toBe('in');
});

test('a handler that names nobody lets in nobody', async () => {
  expect(await enter('forgotten')).toBe('FORBIDDEN');
  expect(await enter('forgotten', 'admin')).toBe('FORBIDDEN');
});
