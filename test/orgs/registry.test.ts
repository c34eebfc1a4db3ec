import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRegistry } from '../../src/orgs/open-registry.ts';
import { orgFor } from './org-for.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parahack-sync-registry-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const a = orgFor('a');
const b = orgFor('b', {
  alias: 'beta',
  sync: false,
  budget: 0.5,
});

describe('registry', () => {
  it('keeps orgs in the order they were connected, across openings', () => {
    {
      using registry = openRegistry(dataDir);
      registry.put(b);
      registry.put(a);
    }
    using registry = openRegistry(dataDir);
    expect(registry.list()).toEqual([a, b]);
    expect(registry.get(b.instanceUrl)).toEqual(b);
    expect(registry.get('https://nowhere.my.salesforce.com')).toBeNull();
    registry.put({ ...a, sync: false });
    expect(registry.list()).toHaveLength(2);
    expect(registry.update(a.instanceUrl, { alias: 'alpha', authState: 'login-needed' })).toMatchObject({
      alias: 'alpha',
      authState: 'login-needed',
      sync: false,
    });
    registry.setAuthState(a.instanceUrl, 'ok');
    expect(registry.get(a.instanceUrl)).toMatchObject({ authState: 'ok', alias: 'alpha' });
    expect(registry.remove(a.instanceUrl)).toBe(true);
    expect(registry.remove(a.instanceUrl)).toBe(false);
    expect(registry.list()).toEqual([b]);
  });

  it('finds an org by alias, URL, host, username, in whatever case', () => {
    using registry = openRegistry(dataDir);
    registry.put(a);
    registry.put(b);
    registry.put(orgFor('local', { instanceUrl: 'http://localhost:8080', apiUrl: 'http://localhost:8080' }));
    for (const text of [
      'beta',
      'BETA',
      b.instanceUrl,
      `${b.instanceUrl}/`,
      'B.my.salesforce.com',
      'ada@B.example',
    ]) {
      expect(registry.resolve(text).instanceUrl).toBe(b.instanceUrl);
    }
    expect(registry.resolve('localhost:8080').username).toBe('ada@local.example');
    expect(registry.resolve('localhost').username).toBe('ada@local.example');
  });

  it('finds a renamed org by both addresses', () => {
    using registry = openRegistry(dataDir);
    registry.put({ ...a, apiUrl: 'https://renamed.my.salesforce.com' });
    expect(registry.resolve('renamed.my.salesforce.com').instanceUrl).toBe(a.instanceUrl);
    expect(registry.resolve('a.my.salesforce.com').instanceUrl).toBe(a.instanceUrl);
  });

  it('says what there is when a name is unknown or fits several', () => {
    using registry = openRegistry(dataDir);
    expect(() => registry.resolve('x')).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ORG', hint: expect.stringContaining('login') }),
    );
    registry.put({ ...a, username: 'ada@same.example' });
    registry.put({ ...b, username: 'ada@same.example' });
    expect(() => registry.resolve('x')).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ORG', hint: `Connected: ${a.instanceUrl}, beta.` }),
    );
    expect(() => registry.resolve('ada@same.example')).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        details: { known: [expect.objectContaining({ instanceUrl: a.instanceUrl }), expect.anything()] },
      }),
    );
  });

  it('takes no alias twice, and none that could be taken for a host or a username', () => {
    using registry = openRegistry(dataDir);
    registry.put(b);
    registry.put(a);
    expect(() => registry.update(a.instanceUrl, { alias: 'Beta' })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining('Beta') }),
    );
    for (const alias of ['', 'a.b', 'a:b', 'ada@example', 'two words', '-x', 'x'.repeat(64)]) {
      expect(() => registry.update(a.instanceUrl, { alias })).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT' }),
      );
    }
    expect(registry.list()).toEqual([a, b]);
  });

  it('makes the data folder and its files private', () => {
    const inner = join(dataDir, 'new');
    using registry = openRegistry(inner);
    registry.put(a);
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(inner))
      expect([name, statSync(join(inner, name)).mode & 0o777]).toEqual([name, 0o600]);
  });

  it('holds no column for a secret', () => {
    using registry = openRegistry(dataDir);
    registry.put(a);
    const db = new Database(join(dataDir, 'registry.db'));
    const names = db.pragma('table_info(org)') as { name: string }[];
    db.close();
    expect(names.map(({ name }) => name).filter((name) => /token|secret|key|password/.test(name))).toEqual(
      [],
    );
    expect(readFileSync(join(dataDir, 'registry.db'), 'latin1')).not.toContain('00D!');
  });

  it('leaves a registry alone that a newer program wrote', () => {
    openRegistry(dataDir).close();
    const db = new Database(join(dataDir, 'registry.db'));
    db.pragma('user_version = 99');
    db.close();
    expect(() => openRegistry(dataDir)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_NEWER_THAN_TOOL' }),
    );
  });

  it('says which file is damaged, and never that the folder is not writable', () => {
    writeFileSync(join(dataDir, 'registry.db'), 'no database at all, '.repeat(1_000));
    expect(() => openRegistry(dataDir)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_CORRUPT', hint: expect.stringContaining('log in') }),
    );
  });

  it('says so when the data folder cannot be used', () => {
    expect(() => openRegistry('/dev/null/data')).toThrow(
      expect.objectContaining({ code: 'DATA_DIR_UNWRITABLE', hint: expect.stringContaining('--data-dir') }),
    );
    mkdirSync(join(dataDir, 'registry.db'));
    expect(() => openRegistry(dataDir)).toThrow(expect.objectContaining({ code: 'DATA_DIR_UNWRITABLE' }));
  });

  it('can be opened for the first time by many processes at once', async () => {
    const codes = await Promise.all(
      Array.from(
        { length: 8 },
        (_, n) =>
          new Promise((resolve) => {
            spawn(process.execPath, [join(import.meta.dirname, 'open-registry-once.ts'), dataDir, `${n}`], {
              stdio: 'inherit',
            }).on('exit', resolve);
          }),
      ),
    );
    expect(codes).toEqual(Array(8).fill(0));
    using registry = openRegistry(dataDir);
    expect(registry.list()).toHaveLength(8);
  });
});
