import { z } from 'zod';

/** Read-only all the way down: a setting that changes while a process runs would be true in half of it. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** The settings of a service as `loadConfig` gives them. */
export type Config<S extends z.ZodType> = Frozen<z.output<S>>;

/** Composes the fragments of a service and adds the rules that span several of them. */
export function defineService<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape).superRefine((value, context) => {
    const settings = value as {
      production?: boolean;
      failpoints?: string[];
      service_token?: string;
      secrets_key?: string;
    };
    if (settings.production && settings.failpoints?.length) {
      context.addIssue({ code: 'custom', path: ['failpoints'], message: 'is refused in production' });
    }
    if (settings.secrets_key !== undefined && settings.secrets_key === settings.service_token) {
      context.addIssue({ code: 'custom', path: ['secrets_key'], message: 'must differ from service_token' });
    }
  });
}
