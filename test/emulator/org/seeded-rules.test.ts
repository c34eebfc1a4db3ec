import { describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { Org } from '../../../src/emulator/org/org.ts';
import type { JsonObject } from '../../../src/emulator/schema/json.ts';
import { codes, rows, testOrg } from './org-fixture.ts';

/** Every row with what may be written of it, as its own user would send it back. */
function writeable(org: Org, me: Actor, object: string, purpose: 'createable' | 'updateable'): JsonObject[] {
  const { document } = org.describe(me, object);
  const names = document.fields.filter((field) => field[purpose]).map((field) => field.name);
  return rows(org, me, `SELECT Id, ${names.join(', ')} FROM ${object}`).map(
    ({ attributes: _, ...row }) => row,
  );
}

function refused(org: Org, me: Actor, object: string): string[] {
  const records = writeable(org, me, object, 'updateable').map((fields) => ({ object, fields }));
  return [...new Set(codes(org.update(me, records)))].filter((code) => code !== 'ok');
}

/** Upserts every contact that has an external id, under its own value. */
function upserted(org: Org, me: Actor): { codes: string[]; created: number } {
  const records = writeable(org, me, 'Contact', 'updateable')
    .filter((row) => row.ParaHack_Id__c !== null)
    .map(({ Id: _, ...fields }) => ({ object: 'Contact', fields }));
  expect(records.length).toBeGreaterThan(0);
  const results = org.upsert(me, 'ParaHack_Id__c', records);
  return { codes: [...new Set(codes(results))], created: results.filter((result) => result.created).length };
}

const valuesOf = (org: Org, me: Actor, field: string) =>
  rows(org, me, `SELECT ${field} FROM Contact WHERE ${field} != null`).map((row) => String(row[field]));

describe('seeded rows obey the rules that the org checks', () => {
  it.each([1, 2, 77])('seed %d: every external id names one contact, in any case', async (seed) => {
    const { org, me } = await testOrg({ contacts: 3000, seed, customFields: 12 });
    const ids = valuesOf(org, me, 'ParaHack_Id__c');
    expect(new Set(ids.map((id) => id.toLowerCase())).size).toBe(ids.length);
    expect(upserted(org, me)).toEqual({ codes: ['ok'], created: 0 });
    org.close();
  });

  it.each([1, 5])('seed %d: every row of every object can be sent back unchanged', async (seed) => {
    const { org, me } = await testOrg({ contacts: 1500, seed, customFields: 12 });
    for (const { name } of org.describeGlobal(me).document as { name: string }[]) {
      if (org.describe(me, name).document.updateable) expect(refused(org, me, name), name).toEqual([]);
    }
    org.close();
  });

  it('so do contacts that another user created, touched or brought back', async () => {
    const { org, me } = await testOrg({ contacts: 300, customFields: 12 });
    const first = org.control.createContacts({ count: 200, seed: 7 });
    org.control.delete({ ids: first.slice(0, 60) });
    const again = org.control.createContacts({ count: 400, seed: 7 });
    expect(again).toHaveLength(400);
    org.control.touch({ count: 100 });
    org.control.openTransaction({ create: { count: 50 } });
    org.control.commit();
    const ids = valuesOf(org, me, 'ParaHack_Id__c');
    expect(new Set(ids.map((id) => id.toLowerCase())).size).toBe(ids.length);
    expect(upserted(org, me)).toEqual({ codes: ['ok'], created: 0 });
    // Who is deleted is nobody's superior, as the org itself would refuse it.
    const fresh = writeable(org, me, 'Contact', 'updateable').filter((row) => again.includes(String(row.Id)));
    const sentBack = org.update(
      me,
      fresh.map((fields) => ({ object: 'Contact', fields })),
    );
    expect([...new Set(codes(sentBack))]).toEqual(['ok']);
    org.close();
  });

  it('and a value that a client has given to a contact of its own is not given again', async () => {
    const { org, me } = await testOrg({ contacts: 0 });
    const probe = await testOrg({ contacts: 0 });
    probe.org.control.createContacts({ count: 100 });
    const taken = valuesOf(probe.org, probe.me, 'ParaHack_Id__c');
    probe.org.close();
    // The same numbers come a row later here.
    const value = taken[5]!.toUpperCase();
    org.create(me, [{ object: 'Contact', fields: { LastName: 'First', ParaHack_Id__c: value } }]);
    org.control.createContacts({ count: 100 });
    const ids = valuesOf(org, me, 'ParaHack_Id__c').map((id) => id.toLowerCase());
    expect(new Set(ids).size).toBe(ids.length);
    org.close();
  });

  it('with fields that a describe document or a setting made narrower', async () => {
    const { org, me } = await testOrg({ contacts: 50, customFields: 12 });
    org.control.change({ removeFields: ['Title', 'Department', 'LeadSource', 'Visits__c', 'Description'] });
    org.control.change({
      addFields: [
        { name: 'Title', type: 'string', length: 5 },
        { name: 'Department', type: 'int' } as never,
        { name: 'LeadSource', type: 'picklist', restrictedPicklist: true, picklistValues: [] } as never,
        { name: 'Visits__c', type: 'double', precision: 2, scale: 0 } as never,
        { name: 'Description', type: 'email', length: 80 },
      ],
    });
    org.control.createContacts({ count: 300 });
    org.control.touch({ count: 5 });
    expect(refused(org, me, 'Contact')).toEqual([]);
    org.close();
  });
});

describe('a touch', () => {
  it('needs no Title: it takes another text where that is gone, hidden or too short', async () => {
    for (const change of [
      { removeFields: ['Title'] },
      { hiddenFields: ['Title'] },
      { hiddenFields: ['Title', 'FirstName', 'Department', 'AssistantName'] },
    ]) {
      const { org, me } = await testOrg({ contacts: 3 });
      org.control.change(change);
      org.clock.advance(60_000);
      const [id] = org.control.touch({ count: 1 });
      const soql = `SELECT SystemModstamp FROM Contact WHERE Id = '${id}'`;
      expect(rows(org, me, soql)[0]?.SystemModstamp).toContain('2026-06-17T12:31');
      org.close();
    }
  });
});
