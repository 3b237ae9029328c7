import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  firstDataConfig,
  gatewayConfig,
  loadConfig,
  renderDefaultYaml,
  renderEnvExample,
  routerConfig,
  sessionConfig,
} from '#libs/config';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** What an installation fills in: the texts of `${…}` in Compose, the keys of the Secret in Kubernetes. */
const filledIn: Record<string, string> = {
  SERVICE_TOKEN: 'n1Q2b3V4c5X6z7A8s9D0fGkjHqWpoEiRu',
  SECRETS_KEY: 'kk2Q9b3V4c5X6z7A8s9D0fGkjHqWpoEiR',
  MYSQL_PASSWORD: 'w3rT5y7U9i1O3p5A7s9D',
  MYSQL_URL: 'mysql://seqdesk:w3rT5y7U9i1O3p5A7s9D@mysql:3306/seqdesk',
  REDIS_URL: 'redis://redis:6379',
  FIRST_ADMIN_PASSWORD: 'q8W3e5R7t9Y2',
  FIRST_IDENTITY_SECRET: 'b2V4c5X6z7A8s9D0fGkjHqWpoEiRu1yT',
  FIRST_API_KEY: `sk_${'a1b2'.repeat(12)}`,
};

const REQUIRED = ['SERVICE_TOKEN', 'SECRETS_KEY', 'FIRST_ADMIN_PASSWORD', 'FIRST_IDENTITY_SECRET'];

const services = [
  { name: 'gateway', load: (env: Env) => ({ ...loadConfig(gatewayConfig, { env, argv: [] }).gateway }) },
  { name: 'session', load: (env: Env) => ({ ...loadConfig(sessionConfig, { env, argv: [] }).session }) },
  // It has no port of its own: nobody calls the router.
  { name: 'router', load: (env: Env) => ({ port: undefined, ...loadConfig(routerConfig, { env, argv: [] }).router }) },
] as const;

type Env = Record<string, string>;

const variablesOfConfig = new Set(renderDefaultYaml().match(/(?<=\benv )[A-Z_]+/g));
/** Not of the services: what only Compose or the program of the first start reads. */
const variablesBeside = new Set(renderEnvExample().match(/^(MYSQL_PASSWORD|FIRST_[A-Z_]+)(?==)/gm));

function expectKnown(env: Env): void {
  const isKnown = (name: string) => variablesOfConfig.has(name) || variablesBeside.has(name);
  expect(Object.keys(env).filter((name) => !isKnown(name))).toEqual([]);
}

describe('docker-compose.yml', () => {
  interface Service {
    image: string;
    command: string[];
    env_file?: string;
    environment: Env;
    depends_on: Record<string, { condition: string }>;
    healthcheck: { test: string[] };
  }
  const text = read('docker-compose.yml');
  const compose = parse(text, { merge: true }) as { services: Record<string, Service> };

  function service(name: string): Service {
    const found = compose.services[name];
    if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
    return found;
  }

  /** What a container gets: its file, and over that its own list with what Compose fills in. */
  function environment(name: string, dotEnv: Env = filledIn): Env {
    const { env_file, environment: own } = service(name);
    const fill = (_whole: string, key: string, otherwise: string | undefined) => dotEnv[key] || (otherwise ?? '');
    const entries = Object.entries(own).map(([key, value]): [string, string] => [
      key,
      value.replaceAll(/\$\{(\w+)(?::\?[^}]*|:-([^}]*))?\}/g, fill),
    ]);
    return { ...(env_file === '.env' ? dotEnv : {}), ...Object.fromEntries(entries) };
  }

  test.each(services)('$name starts with what Compose gives it', ({ name, load }) => {
    const env = environment(name);
    expectKnown(env);
    const { ops_port } = load(env);
    expect(service(name).healthcheck.test.join(' ')).toContain(`http://127.0.0.1:${ops_port}/readyz`);
  });

  test('the services find each other and the engines under their names', () => {
    const { session_urls, redis, kafka, gateway } = loadConfig(gatewayConfig, {
      env: environment('gateway'),
      argv: [],
    });
    const { session, mysql } = loadConfig(sessionConfig, { env: environment('session'), argv: [] });
    expect(session_urls).toEqual([`http://session:${session.port}`]);
    expect([new URL(redis.url).hostname, new URL(mysql.url).hostname]).toEqual(['redis', 'mysql']);
    expect(kafka.brokers).toEqual(['kafka:9092']);
    expect(text).toContain(`127.0.0.1:8080:${gateway.port}`);
  });

  test.each(services)(
    'any key of .env reaches $name, but the addresses and what tells a production',
    ({ name, load }) => {
      const isSetHere = (key: string) => /^(PRODUCTION|(GATEWAY|SESSION|ROUTER)_(OPS_)?(HOST|PORT))$/.test(key);
      const moved = Object.fromEntries([...variablesOfConfig].filter(isSetHere).map((key) => [key, '1']));
      const elsewhere = {
        MYSQL_URL: 'mysql://a:b@elsewhere/c',
        REDIS_URL: 'redis://elsewhere',
        KAFKA_BROKERS: 'elsewhere:1',
      };
      const more = { [`${name.toUpperCase()}_DRAIN_MS`]: '1234', SESSION_URLS: 'http://elsewhere' };
      const env = environment(name, { ...filledIn, ...moved, ...elsewhere, PRODUCTION: 'false', ...more });
      expect(load(env)).toEqual({ ...load(environment(name)), drain_ms: 1234 });
      expect(Object.entries(env).filter(([, value]) => value.includes('elsewhere'))).toEqual([]);
      expect(env['PRODUCTION']).toBe('true');
    },
  );

  test('who needs no way to the database and no secret of the first start gets none', () => {
    const held = (name: string) =>
      Object.entries(environment(name))
        .filter(([key, value]) => value !== '' && /^(MYSQL|FIRST|SECRETS)_/.test(key))
        .map(([key]) => key);
    expect([held('gateway'), held('router')]).toEqual([[], []]);
    expect(held('session').toSorted()).toEqual(['MYSQL_URL', 'SECRETS_KEY']);
  });

  test('before session starts, somebody can sign in', () => {
    const { first } = loadConfig(firstDataConfig, { env: environment('first-data'), argv: [] });
    expect(first).toEqual({
      admin_username: 'admin',
      admin_password: filledIn['FIRST_ADMIN_PASSWORD'],
      identity_secret: filledIn['FIRST_IDENTITY_SECRET'],
      api_key: filledIn['FIRST_API_KEY'],
    });
    // `up --wait` takes a container that ended for a failure, unless another one waits for its success.
    const isDone = { condition: 'service_completed_successfully' };
    expect(service('first-data').depends_on['migrate']).toEqual(isDone);
    expect(service('session').depends_on['first-data']).toEqual(isDone);
  });

  test.each([...REQUIRED, 'MYSQL_PASSWORD'])('%s is required, and asked for by .env.example', (secret) => {
    expect(text).toContain(`\${${secret}:?`);
    expect(read('.env.example')).toMatch(new RegExp(`^${secret}=$`, 'm'));
  });

  test('images have versions', () => {
    const images = Object.values(compose.services).map(({ image }) => image);
    expect(images.filter((image) => image !== 'seqdesk' && !/^[\w./-]+:\d/.test(image))).toEqual([]);
  });

  test('what a container runs and mounts is there', () => {
    for (const { command } of Object.values(compose.services)) {
      for (const word of command ?? []) if (word.startsWith('dist/')) expectSource(word);
    }
    expect(read('scripts/create-topics.sh')).toMatch(/^#!/);
  });
});

describe('k8s', () => {
  interface Container {
    image: string;
    command: string[];
    ports: { name: string; containerPort: number }[];
    envFrom: { configMapRef: { name: string } }[];
    env: { name: string; valueFrom: { secretKeyRef: { name: string; key: string; optional?: boolean } } }[];
    readinessProbe: { httpGet: { path: string; port: string } };
    livenessProbe: { httpGet: { path: string; port: string } };
    resources: { requests: Record<string, string>; limits: { memory: string } };
    securityContext: { allowPrivilegeEscalation: boolean; readOnlyRootFilesystem: boolean };
  }
  interface Pod {
    enableServiceLinks: boolean;
    terminationGracePeriodSeconds: number;
    securityContext: { runAsNonRoot: boolean };
    initContainers?: Container[];
    containers: [Container];
  }
  interface Manifest {
    kind: string;
    data: Env;
    spec: { template: { spec: Pod }; ports: { port: number; targetPort: string }[] };
  }

  function manifest(file: string, kind: string): Manifest {
    const manifests = parseAllDocuments(read(`k8s/${file}.yaml`)).map((document) => document.toJS() as Manifest);
    const found = manifests.find((one) => one.kind === kind);
    if (!found) throw new Error(`k8s/${file}.yaml has no ${kind}`);
    return found;
  }

  const settings = manifest('settings', 'ConfigMap').data;

  function environment({ env }: Container): Env {
    const all: Env = { ...settings };
    for (const { name, valueFrom } of env) all[name] = filledIn[valueFrom.secretKeyRef.key] ?? '';
    return all;
  }

  test.each(services)('$name starts with what its manifest gives it', ({ name, load }) => {
    const pod = manifest(name, 'Deployment').spec.template.spec;
    const [container] = pod.containers;
    const env = environment(container);
    expectKnown(env);
    const { port, ops_port, drain_ms } = load(env);
    const ports = { ...(port === undefined ? {} : { http: port }), ops: ops_port };
    expect(Object.fromEntries(container.ports.map((one) => [one.name, one.containerPort]))).toEqual(ports);
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'ops' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'ops' });
    const preStopMs = 5_000;
    expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(drain_ms + preStopMs);
  });

  test.each([...services.map(({ name }) => [name, 'Deployment'] as const), ['first-data', 'Job'] as const])(
    "%s's pod has no more rights than it needs, and limits",
    (name, kind) => {
      const pod = manifest(name, kind).spec.template.spec;
      expect(pod).toMatchObject({ enableServiceLinks: false, securityContext: { runAsNonRoot: true } });
      for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
        });
        expect(container.resources.limits.memory).toMatch(/^\d+Mi$/);
        expect(container.image).toBe('seqdesk');
        for (const word of container.command) if (word.startsWith('dist/')) expectSource(word);
      }
    },
  );

  test('a Job makes it possible to sign in', () => {
    const [container] = manifest('first-data', 'Job').spec.template.spec.containers;
    const env = Object.fromEntries(
      container.env.map(({ name, valueFrom }) => [name, filledIn[valueFrom.secretKeyRef.key] ?? '']),
    );
    expect(loadConfig(firstDataConfig, { env, argv: [] }).first).toMatchObject({
      admin_username: 'admin',
      admin_password: filledIn['FIRST_ADMIN_PASSWORD'],
    });
  });

  test('README says how to make each key of the Secret that is needed', () => {
    const kinds = { gateway: 'Deployment', session: 'Deployment', router: 'Deployment', 'first-data': 'Job' };
    const refs = Object.entries(kinds).flatMap(([file, kind]) => {
      const { containers, initContainers = [] } = manifest(file, kind).spec.template.spec;
      return [...containers, ...initContainers].flatMap(({ env }) =>
        env.map(({ valueFrom }) => valueFrom.secretKeyRef),
      );
    });
    const needed = new Set(refs.filter(({ optional }) => !optional).map(({ key }) => key));
    expect([...needed].toSorted()).toEqual([...REQUIRED, 'MYSQL_URL', 'REDIS_URL'].toSorted());
    for (const key of needed) expect(read('k8s/README.md')).toContain(`--from-literal=${key}=`);
  });

  test('session is reached where the settings say', () => {
    const [port] = manifest('session', 'Service').spec.ports;
    expect(settings['SESSION_URLS']).toBe(`http://session:${port?.port}`);
  });

  test('it is a production: no failpoint can be armed', () => {
    const env = environment(manifest('session', 'Deployment').spec.template.spec.containers[0]);
    expect(() => loadConfig(sessionConfig, { env: { ...env, FAILPOINTS: 'log.after_insert:kill' }, argv: [] })).toThrow(
      'is refused in production',
    );
  });

  test('kustomize lists every manifest', () => {
    const manifests = readdirSync(join(root, 'k8s')).filter((name) => /(?<!^kustomization)\.yaml$/.test(name));
    const { resources } = parse(read('k8s/kustomization.yaml')) as { resources: string[] };
    expect([...resources].sort()).toEqual(manifests);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  test('what it sets fits a key', () => {
    const names = dockerfile.match(/\b(GATEWAY|SESSION|ROUTER)_[A-Z_]+(?==)/g) ?? [];
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !variablesOfConfig.has(name))).toEqual([]);
  });

  test('services do not run as root', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});

function expectSource(compiled: string): void {
  const source = compiled.replace(/^dist\//, '').replace(/\.js$/, '.ts');
  expect(read(source).length).toBeGreaterThan(0);
}
