import { join } from 'node:path';
import type { EngineUrls } from './engine-set.ts';
import { findFreePort } from './ports.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Secrets } from './secrets.ts';
import type { ServiceName, ServiceRecipe } from './service-process.ts';

export type Replicas = Readonly<Record<ServiceName, number>>;

/** Variables that a service gets beside those that every instance sets. */
export type ServiceEnv = Readonly<Partial<Record<ServiceName, Readonly<Record<string, string>>>>>;

export interface ServicePlan {
  /** The project's folder, with dist and node_modules. */
  readonly root: string;
  readonly urls: EngineUrls;
  readonly secrets: Secrets;
  readonly replicas: Replicas;
  /** Gateways listen on this port, the next one, …; on free ones when it is left out. */
  readonly port: number | undefined;
  readonly logDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly serviceEnv: ServiceEnv;
  readonly onSpawn: (name: string, identity: ProcessIdentity) => void;
}

// kafkajs sets timers in the past; the young generation of the gateway is kept small, as thousands of sockets live long.
const COMMON_FLAGS = ['--disable-warning=TimeoutNegativeWarning'];
const GATEWAY_FLAGS = ['--max-semi-space-size=8', '--max-old-space-size=256'];
// glibc keeps a heap for each thread, up to eight a core, and what thousands of sockets have freed stays in all of them.
const COMMON_ENV = { MALLOC_ARENA_MAX: '2' };

interface Place {
  readonly replica: number;
  readonly port: number;
  readonly ops_port: number;
}

/** Works out ports, environment and command of every replica: sessions first, as the others ask them. */
export async function planServices(plan: ServicePlan): Promise<ServiceRecipe[]> {
  const { port } = plan;
  const sessions = await choosePlaces(plan.replicas.session);
  const routers = await choosePlaces(plan.replicas.router);
  const gateways = await choosePlaces(plan.replicas.gateway, port === undefined ? undefined : (index) => port + index);
  const { urls, secrets } = plan;
  const everyone = { KAFKA_BROKERS: urls.kafka_brokers, SERVICE_TOKEN: secrets.service_token };
  const askers = {
    ...everyone,
    REDIS_URL: urls.redis_url,
    SESSION_URLS: sessions.map((place) => `http://127.0.0.1:${place.port}`).join(','),
  };
  return [
    ...sessions.map((place) =>
      recipe(plan, 'session', place, {
        ...everyone,
        MYSQL_URL: urls.mysql_url,
        REDIS_URL: urls.redis_url,
        SECRETS_KEY: secrets.secrets_key,
        SESSION_PORT: String(place.port),
        SESSION_OPS_PORT: String(place.ops_port),
      }),
    ),
    ...routers.map((place) => recipe(plan, 'router', place, { ...askers, ROUTER_OPS_PORT: String(place.ops_port) })),
    ...gateways.map((place) =>
      recipe(plan, 'gateway', place, {
        ...askers,
        GATEWAY_PORT: String(place.port),
        GATEWAY_OPS_PORT: String(place.ops_port),
      }),
    ),
  ];
}

async function choosePlaces(count: number, choosePort?: (index: number) => number): Promise<Place[]> {
  const places: Place[] = [];
  for (let replica = 0; replica < count; replica += 1) {
    const port = choosePort ? choosePort(replica) : await findFreePort();
    places.push({ replica, port, ops_port: await findFreePort() });
  }
  return places;
}

function recipe(plan: ServicePlan, name: ServiceName, place: Place, env: Record<string, string>): ServiceRecipe {
  return {
    name,
    replica: place.replica,
    port: name === 'router' ? undefined : place.port,
    ops_port: place.ops_port,
    node: nodeProgram(plan.root),
    nodeFlags: name === 'gateway' ? [...COMMON_FLAGS, ...GATEWAY_FLAGS] : COMMON_FLAGS,
    main: join(plan.root, 'dist', 'apps', name, 'src', 'main.js'),
    env: { ...COMMON_ENV, ...plan.env, ...env, ...plan.serviceEnv[name] },
    cwd: plan.root,
    logFile: join(plan.logDir, `${name}-${place.replica}.log`),
    onSpawn: (identity) => plan.onSpawn(`${name} ${place.replica}`, identity),
  };
}

/** The pinned Node of the project's own packages, whatever Node runs the caller. */
export function nodeProgram(root: string): string {
  return join(root, 'node_modules', '.bin', 'node');
}
