/** One thing that is wrong; never holds the value, which may be a secret. */
export interface Problem {
  /** The key's path (`gateway.port`), the variable's name, or the file. */
  readonly path: string;
  readonly message: string;
}

/** The configuration can't be used; the message names every problem. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], file: string | undefined, options?: ErrorOptions) {
    const where = file === undefined ? 'environment' : `${file} and environment`;
    const lines = problems.map(({ path, message }) => `  ${path}${variable(path)}: ${message}`);
    super([`The configuration (${where}) can't be used:`, ...lines].join('\n'), options);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function variable(path: string): string {
  return /^[a-z_]+(\.[a-z_]+)*$/.test(path) ? ` (${path.replaceAll('.', '_').toUpperCase()})` : '';
}
