import { stringify } from 'yaml';
import { z } from 'zod';
import { allSettings, firstSettings } from './services.ts';
import { listSettings, type Setting } from './setting-tree.ts';

const YAML_HEAD = `# Every setting of Seqdesk with its default. Generated from libs/config by \`npm run generate\`: change it there.
#
# Services know these defaults without this file. To change one, write only what differs into a file of your own and
# name it with --config FILE or SEQDESK_CONFIG, or set the environment variable that stands beside the key.
# Over the file stands the environment. An unknown key or a wrong value stops the start and is named.
`;

const ENV_HEAD = `# Environment variables that an installation sets. Generated from libs/config by \`npm run generate\`.
# Secrets have no default and weak ones are refused: openssl rand -base64 48
#
# docker-compose.yml reads this as .env and gives it to the services, so that every other key of config/default.yaml can be
# set here too. Over it Compose sets PRODUCTION and the addresses: MYSQL_URL, REDIS_URL, KAFKA_BROKERS, SESSION_URLS, and
# each service's HOST, PORT, OPS_HOST and OPS_PORT.
`;

const ENV_FIRST = `
# What the first start puts in place where there is none yet: an admin, a team, a channel, an API key. Later it has no effect.
`;

const ENV_COMPOSE = `
# With Compose only: the password of its own database. Letters and digits, as it becomes part of a URL.
MYSQL_PASSWORD=
`;

const ENV_ADDRESSES = `
# Without Compose only: where your engines are.
`;

/** The text of config/default.yaml. */
export function renderDefaultYaml(): string {
  const lines: string[] = [YAML_HEAD.trimEnd()];
  let open: readonly string[] = [];
  for (const setting of listSettings(allSettings)) {
    const sections = setting.path.slice(0, -1);
    const shared = sections.findIndex((name, depth) => open[depth] !== name);
    const first = shared === -1 ? sections.length : shared;
    if (setting.path.length === 1 || first === 0) lines.push('');
    for (let depth = first; depth < sections.length; depth += 1) lines.push(`${'  '.repeat(depth)}${sections[depth]}:`);
    open = sections;
    lines.push(...renderSetting(setting, '  '.repeat(sections.length)));
  }
  return `${lines.join('\n')}\n`;
}

/** The text of .env.example: what has no default, what the first start needs, and where the engines are. */
export function renderEnvExample(): string {
  const addresses = new Set(['MYSQL_URL', 'REDIS_URL', 'KAFKA_BROKERS']);
  const settings = listSettings(allSettings);
  const secrets = settings.filter((setting) => setting.default === undefined && !addresses.has(setting.env));
  return [
    ENV_HEAD,
    ...secrets.map((setting) => `\n${renderVariable(setting)}`),
    ENV_FIRST,
    ...listSettings(firstSettings).map(renderVariable),
    ENV_COMPOSE,
    ENV_ADDRESSES,
    ...settings.filter(({ env }) => addresses.has(env)).map(renderVariable),
  ].join('');
}

function renderVariable(setting: Setting): string {
  return `# ${describe(setting)}\n${setting.env}=${textOf(setting.default)}\n`;
}

function renderSetting(setting: Setting, indent: string): string[] {
  const key = setting.path.at(-1);
  const about = `${indent}# ${describe(setting)}`;
  const isRequired = setting.default === undefined;
  const facts = [
    unitOf(setting),
    limitsOf(setting),
    isSecret(setting) && 'secret',
    isRequired && 'required, no default',
  ];
  const details = `${indent}# ${[...facts, `env ${setting.env}`].filter(Boolean).join('; ')}`;
  if (isRequired) return [about, details, `${indent}# ${key}:`];
  return [about, details, `${indent}${key}: ${renderValue(setting.default)}`];
}

function renderValue(value: unknown): string {
  return stringify(value, {
    collectionStyle: 'flow',
    lineWidth: 0,
    singleQuote: true,
    flowCollectionPadding: false,
  }).trim();
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',');
  return typeof value === 'string' ? value : '';
}

function describe(setting: Setting): string {
  const description = metaOf(setting)?.description;
  if (!description) throw new TypeError(`${setting.path.join('.')} has no description`);
  return description;
}

function unitOf(setting: Setting): string {
  const unit = metaOf(setting)?.['unit'];
  return typeof unit === 'string' ? unit : '';
}

function isSecret(setting: Setting): boolean {
  return metaOf(setting)?.['secret'] === true;
}

function limitsOf(setting: Setting): string {
  const {
    minimum,
    maximum,
    enum: options,
    items,
  } = z.toJSONSchema(setting.schema, { io: 'input', unrepresentable: 'any' });
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  const choices = options ?? (typeof items === 'object' && !Array.isArray(items) ? items.enum : undefined);
  return choices ? `one of ${choices.join(', ')}` : '';
}

function metaOf(setting: Setting) {
  return z.globalRegistry.get(setting.schema);
}
