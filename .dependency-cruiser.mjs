/**
 * Who may import what: the house plan as rules. tools/house-rules.spec.ts plants a violation of each and sees it refused.
 * @type {import('dependency-cruiser').IConfiguration}
 */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Two files that need each other are one idea, or a third one is hidden in them.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'lib-by-its-index',
      comment: "A lib's index.ts is its API; nothing reaches past it.",
      severity: 'error',
      from: { path: '^(apps|libs|tests|tools|scripts|load-tests)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/(?!index\\.ts$)', pathNot: '^$1/$2/' },
    },
    {
      name: 'app-alone',
      comment: 'An app never imports another: they talk over Kafka and HTTP.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'house-not-workshop',
      comment: 'What runs in production stands on libs only, never on apps, tests or tools.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(tests|tools|scripts|load-tests)/' },
    },
    {
      name: 'lib-without-app',
      comment: 'Apps stand on libs, never the other way round.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'testing-in-tests',
      comment: 'Engines, factories and fakes have no place in a service.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['\\.spec\\.ts$', '^apps/[^/]+/fixture/', '^libs/(testing|instance)/'] },
      to: { path: '^libs/(testing|instance)/' },
    },
    {
      name: 'protocol-pure',
      comment: 'libs/protocol runs in browsers and Node alike: it imports nothing but the packets of socket.io.',
      severity: 'error',
      from: { path: '^libs/protocol/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^libs/protocol/', '(^|/)node_modules/socket\\.io-parser/'] },
    },
    {
      name: 'domain-pure',
      comment: 'libs/domain decides and knows no clock, chance or technology: types of contracts and ids only.',
      severity: 'error',
      from: { path: '^libs/domain/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^libs/domain/', '^libs/contracts/', '^libs/protocol/'] },
    },
    {
      name: 'domain-types-only',
      comment: 'libs/domain knows the types of contracts and ids, not their values.',
      severity: 'error',
      from: { path: '^libs/domain/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/(contracts|protocol)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'contracts-pure',
      comment: 'libs/contracts names data: zod and libs/protocol only.',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^libs/contracts/', '^libs/protocol/', '(^|/)node_modules/zod/'] },
    },
    {
      name: 'client-light',
      comment: 'libs/client runs in every browser: no Node, no service, nothing but socket.io and libs/protocol.',
      severity: 'error',
      from: { path: '^libs/client/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^libs/(client|protocol|contracts)/', '(^|/)node_modules/socket\\.io-(client|parser)/'] },
    },
    {
      name: 'client-types-only',
      comment: 'A value of contracts would bring all of zod into the widget.',
      severity: 'error',
      from: { path: '^libs/client/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/contracts/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'technical-lib-alone',
      comment:
        'kafka, redis, session-client, config and observability know contracts and their vendor; only the last two each other.',
      severity: 'error',
      from: { path: '^libs/(kafka|redis|session-client|config|observability)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/', pathNot: ['^libs/$1/', '^libs/contracts/', '^libs/(config|observability)/'] },
    },
    {
      name: 'told-its-settings',
      comment: 'libs/kafka, libs/redis and libs/session-client are told their settings; they do not read them.',
      severity: 'error',
      from: { path: '^libs/(kafka|redis|session-client)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/(config|observability)/' },
    },
    {
      name: 'kafka-behind-libs-kafka',
      comment: 'kafkajs is unmaintained: one lib knows it, so that one lib can replace it.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/kafka/', '\\.spec\\.ts$'] },
      to: { path: '(^|/)node_modules/kafkajs/' },
    },
    {
      name: 'database-in-session',
      comment: 'Only session touches MySQL.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^apps/session/', '^libs/(testing|instance)/', '\\.spec\\.ts$'] },
      to: { path: '(^|/)node_modules/(typeorm|mysql2|@nestjs/typeorm)/' },
    },
    {
      name: 'plain-file-plain',
      comment: 'A file without a role suffix holds rules: technology belongs to the edges, whose suffix says so.',
      severity: 'error',
      from: {
        path: '^apps/[^/]+/src/[^/]+/[^.]+\\.ts$',
        pathNot: '^apps/session/src/database/',
      },
      to: {
        path: '(^|/)node_modules/(kafkajs|typeorm|mysql2|socket\\.io|bullmq|ioredis)/',
        // Connections and transactions are handed in: their types may be named.
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'plain-file-without-edge',
      comment: 'A rule never calls an edge; the edge calls the rule.',
      severity: 'error',
      from: { path: '^apps/[^/]+/src/[^/]+/[^.]+\\.ts$' },
      to: { path: '^apps/[^/]+/src/.+\\.(controller|consumer|gateway|job)\\.ts$' },
    },
    {
      name: 'shipped-dependency',
      comment: 'An image holds no development packages.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['\\.spec\\.ts$', '^apps/[^/]+/fixture/', '^libs/(testing|instance)/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: ['^dist/', '\\.(vue|css|html)$'] },
    // Imports of types count too: without them half of the rules would see nothing.
    tsPreCompilationDeps: true,
    // Without these names `#libs/*` resolves to nothing and every rule about libs passes silently.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'node', 'import', 'default'],
      mainFields: ['module', 'main'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
