import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { expect, test } from 'vitest';
import { AppModule } from './app.module.ts';
import { DOOR, type Door } from './edge/caller.ts';

interface Route {
  path: string;
  door: Door | undefined;
}

/** Every HTTP route of the module as Nest will serve it, with its mark. */
function readRoutes(): Route[] {
  const { controllers = [] } = AppModule.forSession({ appendBatch: {} } as never);
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, unknown>;
    const prefix = String(Reflect.getMetadata(PATH_METADATA, controller));
    return Object.getOwnPropertyNames(prototype).flatMap((name): Route[] => {
      const handler = prototype[name];
      if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) return [];
      const path = `/${prefix}/${String(Reflect.getMetadata(PATH_METADATA, handler))}`.replaceAll(/\/+/g, '/');
      const door = (Reflect.getMetadata(DOOR, handler) ?? Reflect.getMetadata(DOOR, controller)) as Door | undefined;
      return [{ path, door }];
    });
  });
}

test('every route says whom it lets in, and few let in everybody', () => {
  const routes = readRoutes();
  const pathsOf = (door: Route['door']) => routes.filter((route) => route.door === door).map(({ path }) => path);
  expect(routes.length).toBeGreaterThan(20);
  expect(pathsOf(undefined)).toEqual([]);
  expect(pathsOf('public')).toEqual([
    '/auth/login',
    '/auth/refresh',
    '/auth/logout',
    '/.well-known/jwks.json',
    '/widget/boot',
  ]);
  expect(pathsOf('guarded by itself').every((path) => path.startsWith('/internal/'))).toBe(true);
});
