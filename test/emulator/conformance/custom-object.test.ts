import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

const invoice = {
  name: 'Invoice__c',
  label: 'Invoice',
  labelPlural: 'Invoices',
  keyPrefix: 'a01',
  custom: true,
  fields: [
    { name: 'Id', type: 'id', label: 'Record ID' },
    {
      name: 'Name',
      type: 'string',
      label: 'Invoice Number',
      length: 80,
      createable: true,
      updateable: true,
      nameField: true,
    },
    {
      name: 'Amount__c',
      type: 'currency',
      label: 'Amount',
      precision: 18,
      scale: 2,
      custom: true,
      nillable: true,
      createable: true,
      updateable: true,
    },
    {
      name: 'Contact__c',
      type: 'reference',
      label: 'Contact',
      referenceTo: ['Contact'],
      relationshipName: 'Contact__r',
      custom: true,
      nillable: true,
      createable: true,
      updateable: true,
    },
  ],
};

// Source: docs/emulator.md, `--object`; sObject Describe for the document's shape.
describe('an object from a describe document', () => {
  let org: ConformanceOrg;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'emulator-object-'));
    const file = join(folder, 'invoice.json');
    await writeFile(file, JSON.stringify(invoice));
    org = await conformanceOrg({ objectFiles: [file] });
  });
  afterAll(async () => {
    await org[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('is described, written and queried like any other', async () => {
    const describe = await org.api<{ keyPrefix: string; fields: Json[] }>('/sobjects/Invoice__c/describe');
    expect(describe.body.keyPrefix).toBe('a01');
    const contact = await org.api<{ id: string }>('/sobjects/Contact', { json: { LastName: 'Payer' } });
    const created = await org.api<{ id: string }>('/sobjects/Invoice__c', {
      json: { Name: 'INV-1', Amount__c: 12.5, Contact__c: contact.body.id },
    });
    expect(created.status, created.text).toBe(201);
    expect(created.body.id).toMatch(/^a01/);
    const soql = 'SELECT Name, Amount__c, Contact__r.LastName FROM Invoice__c WHERE Amount__c > 10';
    const { body, text } = await org.api<{ records: Json[] }>(`/query?q=${encodeURIComponent(soql)}`);
    expect(body.records, text).toEqual([
      expect.objectContaining({
        Name: 'INV-1',
        Amount__c: 12.5,
        Contact__r: expect.objectContaining({ LastName: 'Payer' }),
      }),
    ]);
  });
});
