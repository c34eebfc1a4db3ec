import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Org } from '../../../src/emulator/org/org.ts';
import { NOW, rows, testOrg } from './org-fixture.ts';

function digest(org: Org): string {
  const hash = createHash('sha256');
  for (const block of org.control.contactsNdjson({ deleted: true })) hash.update(block);
  return hash.digest('hex');
}

async function digestOf(options: Parameters<typeof testOrg>[0]): Promise<string> {
  const { org } = await testOrg(options);
  try {
    return digest(org);
  } finally {
    org.close();
  }
}

describe('the same seed gives the same contacts, byte for byte', () => {
  it('whatever the clock says', async () => {
    const first = await digestOf({ contacts: 500, seed: 42 });
    expect(await digestOf({ contacts: 500, seed: 42, wallClock: () => NOW + 86_400_000 * 400 })).toBe(first);
    expect(await digestOf({ contacts: 500, seed: 43 })).not.toBe(first);
  });

  it('on this machine and on any other: the digest is fixed', async () => {
    expect(await digestOf({ contacts: 300, seed: 1, customFields: 3 })).toBe(
      '92a4ba8a258be3af782d3ace94ffbc04f4d429a2df9f8168368bb9458cd1a8a4',
    );
  });

  it('after a reset, fields and settings included', async () => {
    const { org, me } = await testOrg({ contacts: 200 });
    const before = digest(org);
    org.control.touch({ count: 20 });
    org.control.delete({ count: 20 });
    org.control.change({
      removeFields: ['Fax'],
      addFields: [{ name: 'A__c', type: 'string' }],
      hiddenFields: ['Email'],
      commitLagMs: 500,
    });
    org.control.openTransaction({ create: { count: 1 } });
    org.clock.advance(86_400_000);
    await org.control.reset();
    expect(digest(org)).toBe(before);
    expect(org.clock.now()).toBe(NOW);
    expect(org.control.settings()).toMatchObject({ commitLagMs: 0, hiddenFields: [] });
    expect(org.control.counts()).toEqual({ live: 200, deleted: 0, purged: 0, openTransactions: 0 });
    expect(rows(org, me, 'SELECT Fax, Email FROM Contact LIMIT 1')).toHaveLength(1);
    org.close();
  });

  it('and two orgs in one process do not disturb one another', async () => {
    const one = await testOrg({ contacts: 50, seed: 1 });
    const two = await testOrg({ contacts: 50, seed: 1 });
    const before = digest(two.org);
    one.org.control.touch({ count: 10 });
    one.org.control.change({ removeFields: ['Fax'], hiddenFields: ['Email'] });
    one.org.clock.advance(1_000_000);
    expect(digest(two.org)).toBe(before);
    expect(two.org.clock.now()).toBe(NOW);
    one.org.close();
    expect(rows(two.org, two.me, 'SELECT Fax, Email FROM Contact')).toHaveLength(50);
    two.org.close();
  });
});

describe('the seeded contacts', () => {
  it('look like those of a real org', async () => {
    const { org, me } = await testOrg({ contacts: 2000, customFields: 3 });
    const all = rows(org, me, 'SELECT FIELDS(STANDARD) FROM Contact');
    const values = all.flatMap((row) => Object.values(row));
    const filled = values.filter((value) => value !== null).length / values.length;
    expect(filled).toBeGreaterThan(0.3);
    expect(filled).toBeLessThan(0.6);
    const text = JSON.stringify(all);
    for (const awkward of ['ü', '太郎', '\\"', '\\n', '\\r\\n', "O'Brien", ', '])
      expect(text).toContain(awkward);
    const stamps = all.map((row) => row.CreatedDate);
    expect(new Set(stamps).size).toBeLessThan(stamps.length * 0.95);
    expect([...stamps].sort()).toEqual(stamps);
    expect(all.every((row) => String(row.SystemModstamp) >= String(row.CreatedDate))).toBe(true);
    org.close();
  });
});
