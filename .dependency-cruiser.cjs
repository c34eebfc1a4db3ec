const { Visitor } = require('@swc/core/Visitor.js');

// swc parses `using` declarations but its visitor, which the cruiser walks the tree with, does not know them.
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

/** The rooms of src/ and what each may import. A room that is not named here may import nothing but itself. */
const rooms = {
  start: ['main', 'cli', 'config', 'base'],
  main: ['cli', 'compose', 'base'],
  index: ['main', 'library', 'compose', 'contract', 'config', 'org', 'base'],
  cli: ['contract', 'config', 'base', 'org'],
  library: ['contract', 'config', 'base'],
  compose: [
    'usecases',
    'contract',
    'sync',
    'store',
    'salesforce',
    'auth',
    'orgs',
    'lease',
    'config',
    'emulator',
    'org',
    'wire',
    'base',
  ],
  usecases: ['contract', 'daemon', 'sync', 'org', 'base'],
  contract: ['base', 'org'],
  daemon: ['sync', 'base'],
  sync: ['base', 'org'],
  store: ['base', 'org', 'sqlite'],
  salesforce: ['base', 'org', 'wire'],
  auth: ['base', 'org', 'wire'],
  orgs: ['base', 'org', 'sqlite'],
  config: ['base', 'org'],
  lease: ['base', 'sqlite'],
  emulator: ['base'],
  org: ['base'],
  wire: ['base'],
  sqlite: ['base'],
  base: [],
};
/** Rooms that may be known by their types only. */
const typesOnly = {
  usecases: ['auth', 'orgs'],
  store: ['sync'],
  lease: ['sync'],
  salesforce: ['sync'],
};
/** Folders of a room known by its types only whose values may be had all the same. */
const exceptions = { store: { sync: 'merge' }, usecases: { auth: 'grant', orgs: 'rules' } };

/**
 * Two rooms have an order of folders within: from the door, which is the room's own files, down. Each folder names only
 * folders that come after it, so that no way leads back up; a folder that is not named here may import nothing but itself.
 */
const pushFolders = {
  '.': ['send', 'settle', 'plan', 'check', 'read-back', 'progress', 'entry', 'values'],
  send: ['settle', 'plan', 'read-back', 'progress', 'entry', 'values'],
  settle: ['plan', 'progress', 'entry', 'values'],
  plan: ['read-back', 'entry'],
  check: ['entry', 'values'],
  'read-back': [],
  progress: ['entry'],
  entry: ['values'],
  values: [],
};
const emulatorFolders = {
  '.': ['control', 'page', 'rest', 'bulk', 'oauth', 'http', 'org', 'engine', 'objects', 'schema'],
  control: ['rest', 'bulk', 'oauth', 'http', 'org', 'engine', 'schema'],
  rest: ['bulk', 'oauth', 'http', 'org', 'engine', 'schema'],
  bulk: ['http', 'org', 'engine', 'schema'],
  oauth: ['page', 'http'],
  page: ['http'],
  http: [],
  org: ['org/generate', 'org/write', 'engine', 'soql', 'objects', 'schema'],
  'org/generate': ['org/write', 'engine', 'objects', 'schema'],
  'org/write': ['engine', 'soql', 'schema'],
  engine: ['soql', 'schema'],
  soql: ['schema'],
  objects: ['schema'],
  schema: [],
};

// swc does not tell a type import from another. In dist type imports are gone, so what is left there is a value.
const place = (room, tree = '(src|dist)') =>
  ['start', 'main', 'index'].includes(room) ? `^${tree}/${room}\\.[jt]s$` : `^${tree}/${room}/`;
const others = (room) => Object.keys(rooms).filter((other) => other !== room);

const forbidden = Object.entries(rooms).flatMap(([room, allowed]) => {
  const types = typesOnly[room] ?? [];
  const never = others(room).filter((other) => !allowed.includes(other) && !types.includes(other));
  return [
    {
      name: `${room}-imports`,
      severity: 'error',
      comment: `${room} may import only ${[...allowed, ...types.map((other) => `types of ${other}`)].join(', ') || "node's own modules"}.`,
      from: { path: place(room) },
      to: { path: never.map((other) => place(other)) },
    },
    ...types.map((other) => {
      const folder = exceptions[room]?.[other];
      return {
        name: `${room}-types-of-${other}`,
        severity: 'error',
        comment: `${room} may import types of ${other}${folder ? `, and of its ${folder}/ values too` : ' only'}.`,
        from: { path: place(room, 'dist') },
        to: { path: place(other, 'dist'), ...(folder && { pathNot: `^dist/${other}/${folder}/` }) },
      };
    }),
  ];
});

/** The rules of a room with folders in an order; `name` begins the rules' names, `said` is what people call it. */
function orderWithin(path, folders, { name, said }) {
  const within = (folder) => `^src/${path}/${folder === '.' ? '' : `${folder}/`}[^/]+$`;
  const imports = Object.entries(folders).map(([folder, allowed], at, all) => {
    const above = all.slice(0, at).map(([other]) => other);
    const upward = allowed.find((other) => above.includes(other));
    if (upward !== undefined) throw new Error(`In ${said} ${upward} stands above ${folder}.`);
    return {
      name: `${name}-${folder === '.' ? 'door' : folder.replace('/', '-')}-imports`,
      severity: 'error',
      comment: `Of ${said} ${folder} may import only ${allowed.join(', ') || 'itself'}.`,
      from: { path: within(folder) },
      to: { path: `^src/${path}/`, pathNot: [folder, ...allowed].map(within) },
    };
  });
  const placeless = {
    name: `${name}-folder-without-a-place`,
    severity: 'error',
    comment: `Every folder of ${said} has a place in the table.`,
    from: { path: `^src/${path}/`, pathNot: Object.keys(folders).map(within) },
    to: {},
  };
  return [...imports, placeless];
}

module.exports = {
  forbidden: [
    ...forbidden,
    ...orderWithin('sync/push', pushFolders, { name: 'push', said: 'pushing' }),
    ...orderWithin('emulator', emulatorFolders, { name: 'emulator', said: 'the emulator' }),
    {
      name: 'base-is-bare',
      severity: 'error',
      comment: "base imports node's own modules only; its retry is p-retry's.",
      from: { path: place('base'), pathNot: '^(src|dist)/base/retry\\.[jt]s$' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'retry-alone',
      severity: 'error',
      comment: 'base/retry needs p-retry and no other package; others repeat by it.',
      from: { path: '^(src|dist)/base/retry\\.[jt]s$' },
      to: { path: 'node_modules/', pathNot: 'node_modules/(p-retry|@types/node)/' },
    },
    {
      name: 'repeats-by-retry',
      severity: 'error',
      comment: 'Whatever repeats does so by base/retry, so that waits are ours and can be aborted.',
      from: { path: '^(src|dist)/', pathNot: '^(src|dist)/base/retry\\.[jt]s$' },
      to: { path: 'node_modules/p-retry/' },
    },
    {
      name: 'lines-by-the-json-log',
      severity: 'error',
      comment:
        'cli/json-log writes the JSON log, so that its lines have one shape, one redaction and one way out.',
      from: { path: '^(src|dist|test)/', pathNot: '^(src|dist)/cli/json-log\\.[jt]s$' },
      to: { path: 'node_modules/pino' },
    },
    {
      name: 'json-log-alone',
      severity: 'error',
      comment: 'cli/json-log needs pino and no other package.',
      from: { path: '^(src|dist)/cli/json-log\\.[jt]s$' },
      to: { path: 'node_modules/', pathNot: 'node_modules/(pino|@types/node)/' },
    },
    {
      name: 'json-log-late',
      severity: 'error',
      comment: 'Only a command that writes a JSON log loads what it needs for it.',
      from: { path: '^dist/' },
      to: { path: '^dist/cli/json-log\\.js$', dynamic: false },
    },
    {
      name: 'http-by-the-wire',
      severity: 'error',
      comment: 'wire makes the requests, so that proxy, timeouts and bounds are those of all.',
      from: { path: '^(src|dist)/', pathNot: place('wire') },
      to: { path: 'node_modules/undici/' },
    },
    {
      name: 'wire-packages',
      severity: 'error',
      comment: "wire imports base, undici and node's own modules only.",
      from: { path: place('wire') },
      to: { path: 'node_modules/', pathNot: 'node_modules/(undici|@types/node)/' },
    },
    {
      name: 'files-by-sqlite',
      severity: 'error',
      comment:
        'sqlite opens the files, so that all are private and fail alike. The emulator has its own, and so have the leases.',
      from: { path: '^(src|dist)/', pathNot: '^(src|dist)/(sqlite|emulator)/' },
      to: { path: 'node_modules/(@types/)?better-sqlite3/' },
    },
    {
      name: 'sqlite-packages',
      severity: 'error',
      comment: "sqlite imports base, better-sqlite3 and node's own modules only.",
      from: { path: place('sqlite') },
      to: { path: 'node_modules/', pathNot: 'node_modules/(better-sqlite3|@types/(better-sqlite3|node))/' },
    },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      comment: 'What ships must not need what is installed for development only.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'stores-apart',
      severity: 'error',
      comment: 'Stores share parsers, fields and the merge rule, and know nothing of each other.',
      from: { path: '^(src|dist)/store/(page|fields|memory)/' },
      to: { path: ['^(src|dist)/(store/)?sqlite/', 'node_modules/better-sqlite3/'] },
    },
    {
      name: 'sqlite-apart',
      severity: 'error',
      comment: 'Stores share parsers, fields and the merge rule, and know nothing of each other.',
      from: { path: '^(src|dist)/store/(page|fields|sqlite)/' },
      to: { path: '^(src|dist)/store/memory/' },
    },
    {
      name: 'merge-is-pure',
      severity: 'error',
      comment:
        'The merge rule is a function of what it is given: base and the types of ports are all it knows.',
      from: { path: '^dist/sync/merge/' },
      to: { path: '.', pathNot: '^dist/(sync/merge|base)/' },
    },
    {
      name: 'emulator-by-its-door',
      severity: 'error',
      comment: 'The emulator is entered by its index alone; only its own tests look inside.',
      from: { pathNot: '^(src|dist|test)/emulator/' },
      to: { path: '^(src|dist)/emulator/', pathNot: '^(src|dist)/emulator/index\\.[jt]s$' },
    },
    {
      name: 'properties-by-one-file',
      severity: 'error',
      comment: 'test/support/properties gives fast-check the seed and the counts of the run.',
      from: { path: '^test/.*\\.test\\.ts$' },
      to: { path: 'node_modules/fast-check/' },
    },
    {
      name: 'no-circle-of-folders',
      severity: 'error',
      comment: 'Folders that import each other are one folder in two places.',
      scope: 'folder',
      from: { path: '^src/' },
      to: { circular: true },
    },
    { name: 'no-circular', severity: 'error', from: { path: '^(src|dist)/' }, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // TypeScript 7 has no compiler API in JavaScript: without swc every .ts file would be read as empty.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // Declarations only repeat what their sources import, and the bundles what lies beside them.
    exclude: { path: '^dist/(.*\\.d\\.ts$|bundled/)' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
