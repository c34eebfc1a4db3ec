/** What the value of an option may be. */
export interface OptionKind {
  is: (value: unknown) => boolean;
  /** For a hint: "Give …". */
  wants: string;
}

const isText = (value: unknown) => typeof value === 'string';
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const members = (value: unknown, names: readonly string[], is: (member: unknown) => boolean) =>
  isObject(value) && names.every((name) => is((value as Record<string, unknown>)[name]));

const text: OptionKind = { is: isText, wants: 'a text' };
const texts: OptionKind = {
  is: (value) => Array.isArray(value) && value.every(isText),
  wants: 'an array of texts',
};
const flag: OptionKind = { is: (value) => typeof value === 'boolean', wants: 'true or false' };
const number: OptionKind = { is: (value) => typeof value === 'number', wants: 'a number' };
const method: OptionKind = { is: (value) => typeof value === 'function', wants: 'a function' };

export type OptionKinds = Readonly<Record<string, OptionKind>>;

/** Options of the calls. The same name is the same kind in all of them. */
export const callOptionKinds: OptionKinds = {
  ...same(
    text,
    'org',
    'alias',
    'id',
    'key',
    'text',
    'where',
    'upsertField',
    'api',
    'decimal',
    'take',
    'as',
    'conflicts',
  ),
  ...same(text, 'flow', 'instanceUrl', 'accessToken', 'clientId', 'clientSecret', 'loginUrl'),
  ...same(text, 'username', 'keyFile'),
  ...same(texts, 'orgs', 'fields', 'keys', 'states'),
  ...same(
    flag,
    'all',
    'fresh',
    'force',
    'once',
    'push',
    'sync',
    'deleted',
    'deleteData',
    'inDoubt',
    'live',
    'notSent',
    'auto',
    'twoWay',
  ),
  ...same(flag, 'dryRun', 'queue', 'allOrNone', 'allowDuplicates', 'ignoreUnknown', 'ignoreReadOnly'),
  ...same(flag, 'allowMixed', 'allowDamaged', 'keepRejects', 'wait'),
  ...same(flag, 'replaceUser', 'replaceGrant', 'move', 'openBrowser'),
  ...same(number, 'limit', 'offset', 'keep', 'concurrency', 'intervalMs', 'timeoutMs', 'port', 'budget'),
  reconcileEveryMs: {
    is: (value) => value === null || number.is(value),
    wants: 'a number of milliseconds, or null for none',
  },
  ...same(method, 'confirm', 'readRedirect', 'onEvent'),
  sort: {
    is: (value) => members(value, ['field'], isText) && members(value, ['descending'], flag.is),
    wants: '{ field, descending }',
  },
  // Not by its class: a signal may come from another realm, as those of jsdom do.
  signal: {
    is: (value) => members(value, ['aborted'], flag.is) && members(value, ['addEventListener'], method.is),
    wants: 'an AbortSignal',
  },
};

/** Options of opening. The credential store is looked at where it is read. */
export const openOptionKinds: OptionKinds = {
  ...same(text, 'dataDir', 'credentialDir', 'apiVersion', 'clientId', 'clientSecret', 'loginUrl'),
  ...same(number, 'apiBudget', 'stopTimeoutMs'),
  credentialStore: { is: () => true, wants: 'a credential store' },
  org: {
    is: (value) => members(value, ['instanceUrl', 'accessToken'], isText),
    wants: '{ instanceUrl, accessToken }',
  },
  proxy: {
    is: (value) =>
      members(value, ['httpsProxy'], isText) &&
      members(value, ['noProxy'], (hosts) => hosts === undefined || texts.is(hosts)),
    wants: '{ httpsProxy, noProxy }, noProxy an array of hosts',
  },
  env: { is: isObject, wants: 'an object of variables, such as process.env' },
  log: {
    is: (value) =>
      members(value, ['debug', 'info', 'warn', 'error'], (told) => told === undefined || method.is(told)),
    wants: '{ debug, info, warn, error }, each a function',
  },
};

function same(kind: OptionKind, ...names: readonly string[]): OptionKinds {
  return Object.fromEntries(names.map((name) => [name, kind]));
}
