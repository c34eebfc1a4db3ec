import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepFilesPrivate } from '../../src/app/private-files.ts';
import { createLogger } from '../../src/base/logger.ts';
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
  it('mends what is ours and says so', () => {
    const files = ['registry.db', 'orgs/acme.db', 'credentials/credentials.enc'].map((name) =>
      make(name, 0o666),
    );
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
