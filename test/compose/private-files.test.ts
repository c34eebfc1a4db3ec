import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import { keepFilesPrivate } from '../../src/compose/private-files.ts';
import { openRegistry } from '../../src/orgs/open-registry.ts';
import { openMirrors } from '../../src/store/sqlite/open-mirrors.ts';
import { sweepSpools } from '../../src/store/sqlite/writer/spool-folder.ts';
import { Cli } from '../e2e/cli.ts';

let folder: string;
let said: string[];
const isRoot = process.getuid?.() === 0;
const log = createLogger('debug', (level, message) => said.push(`${level} ${message}`));
const modeOf = (path: string) => statSync(path).mode & 0o777;
const places = () => ({ dataDir: folder, credentialDir: join(folder, 'credentials') });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-sync-private-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function make(name: string, mode: number): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(path, '');
  chmodSync(path, mode);
  return path;
}

describe.runIf(process.platform !== 'win32')('files that other users may change or read', () => {
  it('leaves what is no folder at all as it is, be it a device that everybody writes to', () => {
    const file = make('no-folder', 0o666);
    keepFilesPrivate({ dataDir: file, credentialDir: file }, log);
    expect(modeOf(file)).toBe(0o666);
    expect(said).toEqual([]);
  });

  it('mends what is ours and says so', () => {
    const files = ['registry.db', 'orgs/acme.db', 'credentials/credentials.enc'].map((name) =>
      make(name, 0o666),
    );
    for (const name of ['usage.lock', 'usage.db.new', 'usage.db.damaged-20260301T120000Z-2-wal'])
      make(name, 0o600);
    chmodSync(folder, 0o777);
    chmodSync(join(folder, 'orgs'), 0o755);
    chmodSync(join(folder, 'credentials'), 0o775);
    keepFilesPrivate(places(), log);
    expect(files.map(modeOf)).toEqual([0o600, 0o600, 0o600]);
    expect([folder, join(folder, 'orgs'), join(folder, 'credentials')].map(modeOf)).toEqual([
      0o755, 0o700, 0o755,
    ]);
    expect(said).toHaveLength(6);
    expect(said[0]).toMatch(/^warn Other users may change .*mode 777/);
    said = [];
    keepFilesPrivate(places(), log);
    expect(said).toEqual([]);
  });

  it('says nothing of what is private, nor of what is not there', () => {
    make('registry.db', 0o600);
    keepFilesPrivate(places(), log);
    expect(said).toEqual([]);
  });

  it('leaves a folder as it is that holds other things too, and refuses it', () => {
    const theirs = make('their-file.txt', 0o644);
    chmodSync(folder, 0o775);
    expect(() => keepFilesPrivate(places(), log)).toThrow(
      expect.objectContaining({
        code: 'FILES_EXPOSED',
        message: expect.stringContaining('other things than'),
        hint: expect.stringContaining(join(folder, 'parahack-sync')),
      }),
    );
    expect([modeOf(folder), modeOf(theirs)]).toEqual([0o775, 0o644]);
  });

  it('leaves a folder as it is that everybody shares, whatever lies in it', () => {
    make('registry.db', 0o600);
    chmodSync(folder, 0o1777);
    expect(() => keepFilesPrivate(places(), log)).toThrow(expect.objectContaining({ code: 'FILES_EXPOSED' }));
    expect(statSync(folder).mode & 0o7777).toBe(0o1777);
  });

  it('leaves a shared folder as it is that is named for credentials', () => {
    make('registry.db', 0o600);
    const shared = join(make('shared/notes.txt', 0o644), '..');
    chmodSync(shared, 0o777);
    expect(() => keepFilesPrivate({ dataDir: folder, credentialDir: shared }, log)).toThrow(
      expect.objectContaining({ code: 'FILES_EXPOSED' }),
    );
    expect(modeOf(shared)).toBe(0o777);
  });

  it('leaves an orgs folder as it is that holds other things, and what lies in it', () => {
    make('registry.db', 0o600);
    const theirs = make('orgs/members.db', 0o644);
    writeFileSync(theirs, 'SQLite format 3\0 and the rest of a database of theirs');
    const note = make('orgs/acme/notes.txt', 0o644);
    const mirror = make('orgs/acme.my.salesforce.com.db', 0o644);
    chmodSync(join(folder, 'orgs'), 0o755);
    keepFilesPrivate(places(), log);
    expect([join(folder, 'orgs'), theirs, note, mirror].map(modeOf)).toEqual([0o755, 0o644, 0o644, 0o600]);
    expect(said).toHaveLength(1);
  });

  it('refuses an orgs folder that holds other things and that others may change', () => {
    make('orgs/notes.txt', 0o644);
    const orgs = join(folder, 'orgs');
    chmodSync(orgs, 0o777);
    expect(() => keepFilesPrivate(places(), log)).toThrow(
      expect.objectContaining({ code: 'FILES_EXPOSED', message: expect.stringContaining(orgs) }),
    );
    expect(modeOf(orgs)).toBe(0o777);
  });

  it('leaves a folder as it is that has its registry among other things', () => {
    make('registry.db', 0o600);
    make('their-file.txt', 0o644);
    chmodSync(folder, 0o775);
    expect(() => keepFilesPrivate(places(), log)).toThrow(expect.objectContaining({ code: 'FILES_EXPOSED' }));
    expect(modeOf(folder)).toBe(0o775);
  });

  it('leaves files as they are that bear its names and are not its own', () => {
    const files = ['registry.db', 'credentials/credentials.enc'].map((name) => make(name, 0o644));
    for (const file of files)
      writeFileSync(file, 'SQLite format 3\0 or what else somebody keeps by this name');
    keepFilesPrivate(places(), log);
    expect(files.map(modeOf)).toEqual([0o644, 0o644]);
    expect(said).toEqual([]);
  });

  it('mends a data folder with a registry, mirrors and what lies beside them', async () => {
    await openRegistry(folder)[Symbol.asyncDispose]();
    const mirrors = openMirrors({ folder: join(folder, 'orgs'), log, clock: systemClock });
    await (await mirrors.open('https://acme.my.salesforce.com', { create: true }))[Symbol.asyncDispose]();
    await mirrors[Symbol.asyncDispose]();
    const mirror = join(folder, 'orgs/acme.my.salesforce.com.db');
    const beside = [
      `${mirror}-wal`,
      `${mirror}.fresh`,
      join(folder, 'orgs/acme.20260101T000000Z.archived.db'),
    ];
    writeFileSync(beside[0]!, '');
    for (const copy of beside.slice(1)) copyFileSync(mirror, copy);
    mkdirSync(join(folder, 'orgs/.spool'), { recursive: true });
    mkdirSync(join(folder, 'locks'));
    const files = [join(folder, 'registry.db'), mirror, ...beside];
    for (const file of files) chmodSync(file, 0o664);
    for (const path of [folder, join(folder, 'orgs')]) chmodSync(path, 0o775);
    keepFilesPrivate(places(), log);
    expect([folder, join(folder, 'orgs'), ...files].map(modeOf)).toEqual([
      0o755, 0o700, 0o600, 0o600, 0o600, 0o600, 0o600,
    ]);
  });

  it('removes of a spool folder only what this program left there', () => {
    const theirs = make('orgs/.spool/notes.db', 0o644);
    const left = make('orgs/.spool/999999999-0-1.db', 0o600);
    for (const path of [theirs, left]) utimesSync(path, new Date(0), new Date(0));
    sweepSpools(join(folder, 'orgs'));
    expect([theirs, left].map((path) => existsSync(path))).toEqual([true, false]);
  });

  it.runIf(isRoot)('refuses what another user owns', () => {
    const registry = make('registry.db', 0o644);
    chownSync(registry, 12_345, 12_345);
    expect(() => keepFilesPrivate(places(), log)).toThrow(
      expect.objectContaining({ code: 'FILES_EXPOSED', message: expect.stringContaining(registry) }),
    );
    expect(modeOf(registry)).toBe(0o644);
  });

  it.runIf(isRoot)('refuses a data folder behind a link of another user', async () => {
    const { lchownSync } = await import('node:fs');
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    try {
      keepFilesPrivate({ dataDir: link, credentialDir: join(link, 'credentials') }, log);
      lchownSync(link, 12_345, 12_345);
      expect(() => keepFilesPrivate({ dataDir: link, credentialDir: link }, log)).toThrow(
        expect.objectContaining({ code: 'FILES_EXPOSED' }),
      );
    } finally {
      rmSync(link);
    }
  });
});

describe.runIf(process.platform !== 'win32')('the command line', () => {
  it('tells by doctor before anything is mended, and mends at the first use', async () => {
    using cli = new Cli();
    mkdirSync(cli.dataDir, { mode: 0o777 });
    chmodSync(cli.dataDir, 0o777);
    const { stdout } = await cli.run(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; hint: string }[] };
    expect(checks.find(({ name }) => name === 'data folder')).toMatchObject({
      status: 'fail',
      hint: `Run: chmod go-w ${cli.dataDir}`,
    });
    chmodSync(cli.dataDir, 0o777);
    const { code, stderr } = await cli.run(['orgs']);
    expect([code, stderr]).toMatchObject([0, expect.stringContaining('Other users may change')]);
    expect(modeOf(cli.dataDir)).toBe(0o755);
  });

  it('leaves folders as they are that were there before it, at the first use and later', async () => {
    using cli = new Cli();
    const made = ['orgs/teams.csv', 'logs/web.log', 'locks/door.txt', 'credentials/cards.txt'].map((name) => {
      const path = join(cli.dataDir, name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, 'theirs');
      return path;
    });
    const all = [cli.dataDir, ...made, ...made.map((path) => join(path, '..'))];
    for (const path of all) chmodSync(path, 0o755);
    for (let use = 0; use < 2; use++) {
      const { code, stderr } = await cli.run(['orgs']);
      expect([code, stderr]).toMatchObject([0, expect.not.stringContaining('taken away')]);
      expect(all.map(modeOf)).toEqual(all.map(() => 0o755));
    }
    const { stdout } = await cli.run(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string }[] };
    expect(checks.find(({ name }) => name === 'data folder')).toMatchObject({ status: 'ok' });
    expect(all.map(modeOf)).toEqual(all.map(() => 0o755));
  });

  it('takes from others what they may do with a private key', async () => {
    using cli = new Cli();
    const key = join(cli.folder, 'key.pem');
    writeFileSync(key, '-----BEGIN PRIVATE KEY-----\nno key');
    chmodSync(key, 0o644);
    const args = ['login', '--jwt-key-file', key, '--username', 'u', '--client-id', 'c'];
    const { code, stderr } = await cli.run([...args, '--instance-url', 'http://localhost:9']);
    expect([code, stderr]).toMatchObject([2, expect.stringContaining('it holds a private key')]);
    expect(modeOf(key)).toBe(0o600);
  });

  it('changes nothing of a file or folder that holds no private key', async () => {
    using cli = new Cli();
    const certificate = join(cli.folder, 'server.crt');
    writeFileSync(certificate, '-----BEGIN CERTIFICATE-----\n');
    chmodSync(certificate, 0o644);
    const shared = join(cli.folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    for (const path of [certificate, shared]) {
      const args = ['login', '--jwt-key-file', path, '--username', 'u', '--client-id', 'c'];
      const { code, stderr } = await cli.run([...args, '--instance-url', 'http://localhost:9']);
      expect([code, stderr]).toMatchObject([2, expect.not.stringContaining('taken away')]);
    }
    expect(statSync(certificate).mode & 0o7777).toBe(0o644);
    expect(statSync(shared).mode & 0o7777).toBe(0o1777);
  });

  it('tells by doctor to name another folder where the folder is shared', async () => {
    using cli = new Cli();
    mkdirSync(cli.dataDir);
    chmodSync(cli.dataDir, 0o1777);
    const { stdout } = await cli.run(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; hint: string }[] };
    expect(checks.find(({ name }) => name === 'data folder')).toMatchObject({
      status: 'fail',
      hint: expect.stringContaining(join(cli.dataDir, 'parahack-sync')),
    });
  });
});
