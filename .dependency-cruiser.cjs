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
  start: ['main', 'cli', 'base'],
  main: ['cli', 'base'],
  cli: ['app', 'config', 'base'],
  app: ['app', 'auth', 'base', 'config', 'daemon', 'emulator', 'lock', 'orgs', 'salesforce', 'store', 'sync'],
  daemon: ['sync', 'base'],
  sync: ['base'],
  store: ['base'],
  salesforce: ['base'],
  auth: ['base'],
  orgs: ['base'],
  config: ['base'],
  lock: ['base'],
  emulator: ['base'],
  base: [],
};
/** Rooms that may be known by their types only. */
const typesOnly = {
  cli: ['sync', 'orgs', 'auth'],
  store: ['sync'],
  salesforce: ['sync'],
};

// swc does not tell a type import from another. In dist type imports are gone, so what is left there is a value.
const place = (room, tree = '(src|dist)') =>
  ['start', 'main'].includes(room) ? `^${tree}/${room}\\.[jt]s$` : `^${tree}/${room}/`;
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
    ...types.map((other) => ({
      name: `${room}-types-of-${other}`,
      severity: 'error',
      comment: `${room} may import types of ${other} only.`,
      from: { path: place(room, 'dist') },
      to: { path: place(other, 'dist') },
    })),
  ];
});

module.exports = {
  forbidden: [
    ...forbidden,
    {
      name: 'base-is-bare',
      severity: 'error',
      comment: "base imports node's own modules only.",
      from: { path: place('base') },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      comment: 'What ships must not need what is installed for development only.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'emulator-door',
      severity: 'error',
      comment: 'The emulator is entered by its index alone; only its own tests look inside.',
      from: { pathNot: '^(src|dist|test)/emulator/' },
      to: { path: '^(src|dist)/emulator/', pathNot: '^(src|dist)/emulator/index\\.[jt]s$' },
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
