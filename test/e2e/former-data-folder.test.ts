import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { factsOf, layFormer } from '../fixtures/former-version.ts';
import { Cli } from './cli.ts';

interface Entry {
  key: string;
  state: string;
}

describe.each(['0.1.0', 'format-2'])('a data folder that version %s has left', (version) => {
  const { url, orgId, contacts } = factsOf(version);
  let cli: Cli;
  beforeEach(() => {
    cli = new Cli();
    layFormer(version, 'registry', join(cli.dataDir, 'registry.db'));
    layFormer(version, 'complete', cli.databaseOf(url));
  });
  afterEach(() => cli[Symbol.dispose]());

  const entries = async () =>
    (await cli.json<{ entries: Entry[] }>(['outbox', 'list', '--limit', '1000'])).entries;
  const versionOf = (path: string) => {
    const db = new Database(path, { readonly: true });
    const format = db.pragma('user_version', { simple: true });
    db.close();
    return format;
  };

  it('has its org, contacts and runs, and is brought to this version by what looks at more than contacts', async () => {
    const mirror = cli.databaseOf(url);
    const before = versionOf(mirror);
    const { orgs } = await cli.json<{ orgs: object[] }>(['orgs']);
    expect(orgs).toMatchObject([{ instanceUrl: url, orgId, alias: 'fixture', sync: true }]);
    const { total } = await cli.json<{ total: number }>(['contacts', 'list', '--limit', '1']);
    expect(total).toBe(contacts + 1);
    expect(versionOf(mirror)).toBe(before);
    const { orgs: status } = await cli.json<{ orgs: object[] }>(['status']);
    expect(status).toMatchObject([
      {
        contacts: contacts + 1,
        coveredUntil: expect.any(String),
        outbox: { pending: 1, rejected: 1, inDoubt: 2 },
      },
    ]);
    expect(versionOf(mirror)).toBe(4);
    const { runs } = await cli.json<{ runs: { kind: string }[] }>(['runs']);
    expect(runs.at(-1)).toMatchObject({ kind: 'backfill', status: 'complete' });
    expect(await cli.json(['contacts', 'list', '--limit', '1'])).toMatchObject({ total });
  });

  it('has an outbox whose entries may be dropped, tried again and let go', async () => {
    const listed = await entries();
    const of = (state: string) => listed.filter((entry) => entry.state === state);
    expect(of('held')).toHaveLength(101);
    for (const state of ['pending', 'sent', 'in-doubt', 'rejected', 'conflict'])
      expect(of(state)).toHaveLength(1);
    await cli.json(['outbox', 'drop', of('in-doubt')[0]!.key]);
    await cli.json(['outbox', 'retry', of('rejected')[0]!.key]);
    await cli.json(['outbox', 'approve', '--all']);
    const counts: Record<string, number> = {};
    for (const { state } of await entries()) counts[state] = (counts[state] ?? 0) + 1;
    expect(counts).toEqual({ pending: 103, sent: 1, conflict: 1 });
  });
});
