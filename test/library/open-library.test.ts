import { expect, test } from 'vitest';
import type { App } from '../../src/contract/app.ts';
import { type OpenOptions, openLibrary } from '../../src/library/open-library.ts';
import type { ParahackSync } from '../../src/library/parahack-sync.ts';

/** Calling anything of it is an error: options are looked at before. */
function untouched(name: string): object {
  return new Proxy(() => {}, {
    get: (_, member) => {
      if (member === Symbol.asyncDispose) return async () => {};
      return member === 'then' ? undefined : untouched(`${name}.${String(member)}`);
    },
    apply: () => {
      throw new Error(`${name} was called.`);
    },
  });
}

const app = untouched('app') as App;
const open = (options: unknown) => openLibrary(options as OpenOptions, async () => app);

const never: readonly unknown[] = [{}, () => {}, Symbol('s'), 10n];
const wrong = {
  text: [...never, 5, true, ['x']],
  texts: [...never, 5, true, 'x', [5], [null]],
  flag: [...never, 5, 'false', null, [true]],
  number: [...never, '5', true, [5], Number.NaN],
  others: [...never, 5, 'x', [5]],
};

type Call = (sync: ParahackSync, options: never) => Promise<unknown>;
type Names = Partial<Record<keyof typeof wrong, readonly string[]>>;
const calls: [string, Call, Names][] = [
  [
    'login',
    (sync, options) => sync.login(Object.assign({ flow: 'browser' as const }, options)),
    {
      text: ['alias', 'loginUrl', 'clientId'],
      flag: ['sync', 'replaceGrant', 'openBrowser'],
    },
  ],
  [
    'logout',
    (sync, options) => sync.logout(options),
    { text: ['org'], flag: ['all', 'deleteData', 'force'] },
  ],
  ['orgs.setSync', (sync, options) => sync.orgs.setSync(options), { text: ['org'], flag: ['sync'] }],
  ['orgs.setAlias', (sync, options) => sync.orgs.setAlias(options), { text: ['org', 'alias'] }],
  [
    'orgs.set',
    (sync, options) => sync.orgs.set(options),
    { text: ['org', 'conflicts'], number: ['budget'], flag: ['twoWay'] },
  ],
  [
    'backfill',
    (sync, options) => sync.backfill(options),
    { texts: ['orgs', 'fields'], flag: ['all', 'fresh', 'force'], text: ['api'], number: ['concurrency'] },
  ],
  [
    'watch',
    (sync, options) => sync.watch(options),
    { texts: ['orgs'], number: ['intervalMs'], flag: ['once', 'push'] },
  ],
  [
    'push',
    (sync, options) => sync.push([], options),
    {
      text: ['org', 'upsertField', 'decimal'],
      flag: ['dryRun', 'queue', 'allOrNone', 'allowMixed', 'fresh'],
    },
  ],
  [
    'contacts.list',
    (sync, options) => sync.contacts.list(options),
    {
      text: ['org', 'where'],
      texts: ['fields'],
      number: ['limit', 'offset'],
      flag: ['deleted'],
      others: ['sort'],
    },
  ],
  [
    'contacts.search',
    (sync, options) => sync.contacts.search(options),
    { text: ['org', 'text'], number: ['limit'] },
  ],
  ['contacts.show', (sync, options) => sync.contacts.show(options), { text: ['org', 'id'] }],
  [
    'contacts.export',
    (sync, options) => sync.contacts.export(options),
    { text: ['org', 'where'], texts: ['fields'] },
  ],
  [
    'outbox.list',
    (sync, options) => sync.outbox.list(options),
    { text: ['org'], texts: ['states'], number: ['limit'], others: ['conflicts'] },
  ],
  ['outbox.show', (sync, options) => sync.outbox.show(options), { text: ['org', 'key'], flag: ['live'] }],
  [
    'outbox.settle',
    (sync, options) => sync.outbox.settle(options),
    { texts: ['keys'], flag: ['notSent', 'auto'], text: ['org', 'as'] },
  ],
  [
    'outbox.retry',
    (sync, options) => sync.outbox.retry(options),
    { texts: ['keys'], flag: ['all'], text: ['take'] },
  ],
  ['archives.list', (sync, options) => sync.archives.list(options), { text: ['org'] }],
  ['archives.prune', (sync, options) => sync.archives.prune(options), { text: ['org'], number: ['keep'] }],
  ['status', (sync, options) => sync.status(options), { text: ['org'] }],
  ['runs', (sync, options) => sync.runs(options), { text: ['org'], number: ['limit'] }],
  ['run', (sync, options) => sync.run(options), { text: ['id'] }],
  ['limits', (sync, options) => sync.limits(options), { text: ['org'] }],
];

test.each(calls)('%s refuses an option of another kind', async (_, call, names) => {
  await using sync = await open({ dataDir: 'data' });
  for (const [kind, of] of Object.entries(names)) {
    for (const name of of) {
      for (const value of wrong[kind as keyof typeof wrong]) {
        const called = call(sync, { [name]: value } as never);
        await expect(called, `${name}: ${String(value)}`).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    }
  }
});

test('opening refuses an option of another kind', async () => {
  const names: Names = {
    text: ['dataDir', 'credentialDir', 'apiVersion', 'clientId', 'clientSecret', 'loginUrl'],
    number: ['apiBudget', 'stopTimeoutMs'],
    others: ['org', 'proxy', 'credentialStore'],
  };
  for (const [kind, of] of Object.entries(names)) {
    for (const name of of) {
      for (const value of wrong[kind as keyof typeof wrong]) {
        const opened = open({ dataDir: 'data', [name]: value });
        await expect(opened, `${name}: ${String(value)}`).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    }
  }
  for (const options of [
    undefined,
    null,
    5,
    { dataDir: 'data', env: 5 },
    { dataDir: 'data', log: { warn: 'x' } },
  ])
    await expect(open(options)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test.each<unknown>([null, 5, { signals: AbortSignal.abort() }, { signal: 5 }, { onEvent: 'x' }])(
  '%j is no end of a call: one that nothing could end does not begin',
  async (call) => {
    await using sync = await open({ dataDir: 'data' });
    await expect(sync.watch({}, call as never)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  },
);

test('an alias is taken away by null alone, and a state is one that there is', async () => {
  await using sync = await open({ dataDir: 'data' });
  await expect(sync.orgs.setAlias({ org: 'a' } as never)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: 'orgs.setAlias needs alias.',
  });
  await expect(sync.outbox.list({ states: ['open' as 'held'] })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
});

test('no value of an option stands in what is said of it', async () => {
  const opened = open({ dataDir: 'data', clientSecret: ['very secret'] });
  await expect(opened).rejects.toMatchObject({
    message: 'clientSecret of openParahackSync is an array with a text.',
    hint: 'Give a text.',
  });
});
