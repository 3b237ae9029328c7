/** Resolves when what it looks at works; throws with the reason when it doesn't. */
export type Probe = () => void | Promise<void>;

/** What each probe said: `ok` or why not. */
export interface ReadinessReport {
  ready: boolean;
  probes: Record<string, string>;
}

const PROBE_DEADLINE_MS = 2_000;

/** Whether this process should get traffic: all registered probes succeed within 2 s each, and it is not draining. */
export class Readiness {
  readonly #probes = new Map<string, Probe>();
  #draining = false;

  /** @throws when the name is taken: two dependencies under one name would hide each other. */
  register(name: string, probe: Probe): void {
    if (this.#probes.has(name)) throw new Error(`a readiness probe is called ${name} already`);
    this.#probes.set(name, probe);
  }

  /** From now on not ready, so that load balancers look elsewhere before the connections go. */
  startDraining(): void {
    this.#draining = true;
  }

  async check(): Promise<ReadinessReport> {
    const probes: Record<string, string> = {};
    await Promise.all(
      [...this.#probes].map(async ([name, probe]) => {
        probes[name] = await runProbe(probe);
      }),
    );
    if (this.#draining) probes['draining'] = 'shutting down';
    return { ready: Object.values(probes).every((answer) => answer === 'ok'), probes };
  }
}

async function runProbe(probe: Probe): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, PROBE_DEADLINE_MS, `no answer within ${PROBE_DEADLINE_MS} ms`);
  });
  const answer = Promise.resolve()
    .then(probe)
    .then(
      () => 'ok',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
