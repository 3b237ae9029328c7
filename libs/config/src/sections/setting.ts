import { z } from 'zod';

/** What a setting counts in; printed beside the key in config/default.yaml. */
export type Unit = 'ms' | 'seconds' | 'minutes' | 'days' | 'bytes' | 'per second' | 'per minute';

/** A whole number within its limits, the limits both included. */
export function whole(options: { min: number; max: number; default: number; unit?: Unit; description: string }) {
  const { min, max, unit, description } = options;
  return z.int().min(min).max(max).default(options.default).meta({ description, unit });
}

/** A TCP port; 0 lets the system choose one, which tests use. */
export function port(defaultPort: number, description: string) {
  return z.int().min(0).max(65_535).default(defaultPort).meta({ description });
}

/** An address to listen on. Loopback unless set: a service opens itself to a network only when told so. */
export function listenHost(description: string) {
  return z.string().min(1).default('127.0.0.1').meta({ description });
}
