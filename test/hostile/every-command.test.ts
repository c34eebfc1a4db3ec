import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import type { CredentialStore } from '../../src/auth/credential-store.ts';
import { openCredentialStore } from '../../src/auth/open-credential-store.ts';
import { Cli, type Ended, ended } from '../e2e/cli.ts';
import { isDeep } from '../support/deep.ts';
import { lockingIn } from '../support/leases.ts';
import { FakeOrg } from './fake-org.ts';
import { hostileAnswers } from './hostile-answers.ts';

const measured = new URL('./measured-child.mjs', import.meta.url).href;
const clientSecret = 'client-SECRET-0123456789';

interface Command {
  args: (org: FakeOrg) => string[];
  input?: (org: FakeOrg) => string;
  /** The calls that it makes; each is answered with hostility in turn. */
  routes: string[];
  /** What its data folder holds before it; `renewable` has a login whose access token has ended. */
  state: 'empty' | 'login' | 'mirror' | 'renewable';
  /** The mirror is gone when it is done. */
  deletes?: true;
  /** What must hold of the login afterwards, besides what holds for every command. */
  afterwards?: (cli: Cli, ran: Ended) => Promise<void>;
}

const record = (more: object) => JSON.stringify({ LastName: 'Push', ...more });
const first = '003000000000001AAA';
const login = (org: FakeOrg) => ['login', '--instance-url', org.url];

const commands: Record<string, Command> = {
  'login by token': {
    args: (org) => [...login(org), '--access-token-stdin'],
    input: (org) => org.accessToken,
    routes: ['userinfo'],
    state: 'empty',
    afterwards: identityIsOne,
  },
  'login by client credentials': {
    args: (org) => [...login(org), '--client-credentials', '--client-id', 'app'],
    routes: ['token', 'userinfo'],
    state: 'empty',
    afterwards: identityIsOne,
  },
  'login by JWT': {
    args: (org) => [...login(org), '--jwt-key-file', 'key.pem', '--username', 'u@x.y', '--client-id', 'app'],
    routes: ['token', 'userinfo'],
    state: 'empty',
    afterwards: identityIsOne,
  },
  'backfill by REST': {
    args: () => ['backfill', '--api', 'rest'],
    routes: ['describe', 'updated', 'deleted', 'query'],
    state: 'login',
  },
  'backfill by bulk': {
    args: () => ['backfill', '--api', 'bulk'],
    routes: ['bulkCreate', 'bulkInfo', 'resultPages', 'results', 'bulkDelete'],
    state: 'login',
  },
  watch: {
    args: () => ['watch', '--once'],
    routes: ['updated', 'deleted', 'retrieve', 'queryAll'],
    state: 'mirror',
  },
  'push few': { args: () => ['push', '-'], input: () => record({}), routes: ['createOne'], state: 'mirror' },
  'push many': {
    args: () => ['push', '-'],
    input: () => `[${Array.from({ length: 60 }, (_, i) => record({ Email: `a${i}@b.example` })).join()}]`,
    routes: ['createMany', 'retrieve'],
    state: 'mirror',
  },
  'push an upsert': {
    args: () => ['push', '-', '--upsert', 'ExtId__c'],
    input: () => record({ ExtId__c: 'x-1' }),
    routes: ['upsertMany'],
    state: 'mirror',
  },
  'push an update': {
    args: () => ['push', '-'],
    input: () => JSON.stringify({ Id: first, LastName: 'New' }),
    routes: ['updateMany', 'retrieve'],
    state: 'mirror',
  },
  'push a delete': {
    args: () => ['push', '-'],
    input: () => JSON.stringify({ Id: first, IsDeleted: true }),
    routes: ['deleteMany'],
    state: 'mirror',
  },
  limits: { args: () => ['limits'], routes: ['limits'], state: 'login' },
  doctor: { args: () => ['doctor'], routes: ['versions', 'userinfo'], state: 'mirror' },
  'limits, renewing its login': {
    args: () => ['limits'],
    routes: ['token'],
    state: 'renewable',
    afterwards: loginIsKept,
  },
  'watch, renewing its login': {
    args: () => ['watch', '--once'],
    routes: ['token'],
    state: 'renewable',
    afterwards: loginIsKept,
  },
  logout: { args: () => ['logout'], routes: ['revoke'], state: 'renewable', afterwards: loginIsGone },
  'logout as JSON': {
    args: () => ['logout', '--json', '--delete-data'],
    routes: ['revoke'],
    state: 'renewable',
    deletes: true,
    afterwards: loginAndMirrorAreGone,
  },
};

const cases = Object.entries(commands).flatMap(([command, { routes }]) =>
  routes.flatMap((route) => Object.keys(hostileAnswers('')).map((kind) => ({ command, route, kind }))),
);
/** In the common run a part of the cases, always the same; the step shares no factor with what repeats in them. */
const step = 37;
const chosen = isDeep ? cases : cases.filter((_, at) => at % step === 0);

let org: FakeOrg;
let templates: string;
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const live: Cli[] = [];

beforeAll(async () => {
  org = await FakeOrg.start();
  templates = mkdtempSync(join(tmpdir(), 'parahack-sync-hostile-'));
  for (const LastName of ['Ada', 'Bo', 'Cy']) org.contacts.create({ LastName }, org.now() - 86_400_000);
  using cli = new Cli();
  await cli.loginByToken(org);
  copyPrivately(cli.dataDir, join(templates, 'login'));
  await cli.json(['backfill']);
  copyPrivately(cli.dataDir, join(templates, 'mirror'));
  await makeRenewable(cli);
  copyPrivately(cli.dataDir, join(templates, 'renewable'));
  // So that a cycle has something to retrieve, and something to bury.
  org.contacts.update('003000000000002AAA', { LastName: 'Bob' }, org.now());
  org.contacts.remove('003000000000003AAA', org.now());
});

afterAll(async () => {
  for (const cli of live) cli[Symbol.dispose]();
  rmSync(templates, { recursive: true, force: true });
  await org[Symbol.asyncDispose]();
});

/** `cpSync` makes folders that others may read. */
function copyPrivately(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  for (const entry of readdirSync(to, { recursive: true, withFileTypes: true }))
    if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o700);
  chmodSync(to, 0o700);
}

function storeOf(cli: Cli): CredentialStore {
  const folder = join(cli.dataDir, 'credentials');
  const withLock = lockingIn(join(folder, 'locks'));
  return openCredentialStore({
    kind: 'file',
    key: cli.env.PARAHACK_SYNC_CREDENTIAL_KEY as string,
    folder,
    withLock,
  });
}

async function storedLogin(cli: Cli): Promise<Credential | null> {
  return storeOf(cli).get(org.url);
}

/** Turns the login by a handed-over token into one with a refresh token, as a login in the browser that has aged. */
async function makeRenewable(cli: Cli): Promise<void> {
  const login = await storedLogin(cli);
  const { refreshToken, endedToken: accessToken } = org;
  const renewable = { grant: 'refresh-token', clientId: 'app', clientSecret, refreshToken } as const;
  await storeOf(cli).set({ ...login!, ...renewable, accessToken });
}

/** What is kept of an identity names its files, its locks and its lines in every list. */
async function identityIsOne(cli: Cli): Promise<void> {
  const { orgs } = await cli.json<{ orgs: { orgId: string; username: string }[] }>(['orgs']);
  for (const { orgId, username } of orgs) {
    expect(orgId).toMatch(/^00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?$/);
    expect(username).toMatch(/^[!-~]{1,255}$/);
  }
}

/** No answer but a documented refusal may cost the login, whatever the renewal came to. */
async function loginIsKept(cli: Cli): Promise<void> {
  const login = await storedLogin(cli);
  expect(login).toMatchObject({ refreshToken: org.refreshToken, apiUrl: org.url, refused: null });
  expect([org.accessToken, org.endedToken]).toContain(login?.accessToken);
}

/** Whatever the org answers: what is here is removed, and what the org did is told as the org told it. */
async function loginIsGone(cli: Cli, { code, stdout, stderr }: Ended): Promise<void> {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^Logged out of \S+\. (Salesforce has revoked the grant|Salesforce could not be told to revoke the grant \([^\n]+\); an admin [^\n]+)\.\n$/,
  );
  expect(await storedLogin(cli)).toBeNull();
  expect(await cli.json(['orgs'])).toEqual({ orgs: [] });
}

async function loginAndMirrorAreGone(cli: Cli, { code, stdout }: Ended): Promise<void> {
  const { orgs } = JSON.parse(stdout) as { orgs: { revoked: boolean; error: { code: string } | null }[] };
  expect({ code, orgs }).toMatchObject({ code: 0, orgs: [{ credentialRemoved: true, dataDeleted: true }] });
  expect(orgs[0]?.error === null).toBe(orgs[0]?.revoked);
  expect(await storedLogin(cli)).toBeNull();
  expect(existsSync(cli.databaseOf(org.url))).toBe(false);
}

/** A data folder in the state that a command needs. */
function prepared(state: Command['state']): Cli {
  const cli = new Cli({ PARAHACK_SYNC_CLIENT_SECRET: clientSecret });
  live.push(cli);
  if (state !== 'empty') copyPrivately(join(templates, state), cli.dataDir);
  writeFileSync(join(cli.folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  });
  return cli;
}

async function run(cli: Cli, { args, input }: Command, more: string[] = []) {
  const file = join(cli.folder, 'measured');
  const env = { MEASURED_FILE: file, NODE_OPTIONS: `--import=${measured}` };
  const started = performance.now();
  const child = cli.start([...args(org), ...more], { env });
  child.stdin?.end(input?.(org) ?? '');
  const result = await ended(child);
  const seconds = (performance.now() - started) / 1_000;
  return { ...result, seconds, megabytes: Number(readFileSync(file, 'utf8')) / 1_024 };
}

/** The mirror's cursors, ms since 1970. */
function cursorsOf(cli: Cli): number[] {
  const path = cli.databaseOf(org.url);
  if (!existsSync(path)) return [];
  const db = new Database(path, { readonly: true });
  try {
    const rows = db.prepare('SELECT * FROM cursor').all() as Record<string, unknown>[];
    return rows.map((row) =>
      Math.max(
        ...Object.values(row).map((value) =>
          typeof value === 'string' ? Date.parse(value) || 0 : Number(value),
        ),
      ),
    );
  } finally {
    db.close();
  }
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** In the forms that the hostile answers have it in. */
function secretForms(): string[] {
  const secrets = [org.accessToken, org.endedToken, org.refreshToken, clientSecret];
  const parts = [...secrets, org.accessToken.split('!')[1] ?? ''];
  return parts.flatMap((part) => [part, encodeURIComponent(part), Buffer.from(part).toString('base64')]);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('the healthy org', () => {
  it.each(Object.entries(commands))(
    'serves %s, by the calls that are answered with hostility',
    async (_, command) => {
      org.hostility = null;
      const cli = prepared(command.state);
      const from = org.seen.length;
      const contacts = [...org.contacts.live].map(([id, contact]) => [id, { ...contact }] as const);
      const ran = await run(cli, command);
      const { code, stdout, stderr } = ran;
      org.contacts.live.clear();
      for (const [id, contact] of contacts) org.contacts.live.set(id, contact);
      org.contacts.deleted.delete(first);
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
      expect(org.seen.slice(from)).toEqual(expect.arrayContaining(command.routes));
      expect(org.seen.slice(from)).not.toContain('unknown');
      await command.afterwards?.(cli, ran);
    },
  );
});

describe('every command', () => {
  it.each(chosen)(
    '$command is neither hurt nor hung by $kind from $route',
    async ({ command, route, kind }) => {
      const known = commands[command]!;
      const cli = prepared(known.state);
      const before = cursorsOf(cli);
      // An answer echoes what its request carried.
      const change = hostileAnswers(known.state === 'renewable' ? org.refreshToken : org.accessToken)[kind]!;
      org.hostility = (name, healthy) => (name === route ? change(healthy) : null);
      let ran: Awaited<ReturnType<typeof run>>;
      try {
        ran = await run(cli, known);
      } finally {
        org.hostility = null;
      }
      const said = ran.stdout + ran.stderr;
      // Bounds against hanging and against memory without measure, not measurements.
      expect(ran.seconds).toBeLessThan(90);
      expect(ran.megabytes).toBeLessThan(500);
      expect([0, 1, 2, 3, 4, 5, 6]).toContain(ran.code);
      expect(said).not.toMatch(
        /UNEXPECTED_ERROR|Cannot read prop|is not a function|is not iterable|SQLITE|no such column/,
      );
      expect(raw.exec(said)).toBeNull();
      for (const file of filesOf(cli.dataDir)) {
        const held = readFileSync(file);
        for (const form of secretForms()) expect(`${file}: ${held.includes(form)}`).toBe(`${file}: false`);
      }
      for (const form of secretForms()) expect(said).not.toContain(form);
      const after = cursorsOf(cli);
      for (const cursor of after) expect(cursor).toBeLessThan(Date.now() + 300_000);
      if (known.deletes) expect(after).toEqual([]);
      else for (const [at, cursor] of before.entries()) expect(after[at]).toBeGreaterThanOrEqual(cursor);
      if (ran.code !== 0 && command === 'watch' && ['updated', 'retrieve'].includes(route))
        expect(after).toEqual(before);
      await known.afterwards?.(cli, ran);
      cli[Symbol.dispose]();
    },
  );
});
