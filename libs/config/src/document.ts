import { stringify } from 'yaml';
import { z } from 'zod';
import { allSettings } from './services.ts';
import { listSettings, type Setting } from './setting-tree.ts';

const YAML_HEAD = `# Every setting of Seqdesk with its default. Generated from libs/config by \`npm run generate\`: change it there.
#
# Services know these defaults without this file. To change one, write only what differs into a file of your own and
# name it with --config FILE or SEQDESK_CONFIG, or set the environment variable that stands beside the key.
# Over the file stands the environment. An unknown key or a wrong value stops the start and is named.
`;

const ENV_HEAD = `# Environment variables that an installation sets. Generated from libs/config by \`npm run generate\`.
# Every other key of config/default.yaml can be set the same way. Secrets have no default: openssl rand -base64 48
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

/** The text of .env.example: what has no default, and where the engines are. */
export function renderEnvExample(): string {
  const wanted = listSettings(allSettings).filter(
    (setting) => setting.default === undefined || ['redis.url', 'kafka.brokers'].includes(setting.path.join('.')),
  );
  const lines = wanted.flatMap((setting) => [
    '',
    `# ${describe(setting)}`,
    `${setting.env}=${renderVariable(setting.default)}`,
  ]);
  return `${ENV_HEAD.trimEnd()}\n${lines.join('\n')}\n`;
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

function renderVariable(value: unknown): string {
  if (Array.isArray(value)) return value.map(renderVariable).join(',');
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
