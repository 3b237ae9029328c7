import type { Instance } from './instance.ts';

/** What `instance.json` tells scripts, load tests and other people's tools; names are part of the outside contract. */
export interface InstanceDescription {
  readonly url: string;
  readonly console_url: string | null;
  readonly demo_url: string | null;
  readonly gateways: readonly string[];
  readonly admin: { readonly username: string; readonly password: string };
  readonly demo: Instance['demo'];
  readonly engines: Instance['urls'];
  readonly services: readonly {
    readonly name: string;
    readonly replica: number;
    readonly pid: number;
    /** The operations port. */
    readonly http_port: number;
  }[];
}

/** The instance as it is now; a replica that is just down is left out. */
export function describeInstance(instance: Instance): InstanceDescription {
  const gateways = instance.services('gateway').flatMap(({ url }) => (url === undefined ? [] : [url]));
  return {
    url: gateways[0] ?? '',
    console_url: null,
    demo_url: null,
    gateways,
    admin: instance.admin,
    demo: instance.demo,
    engines: instance.urls,
    services: instance
      .services()
      .filter((service) => service.isRunning())
      .map(({ name, replica, pid, ops_port }) => ({ name, replica, pid, http_port: ops_port })),
  };
}
