import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fieldsOf, notesOf } from './parse.ts';

const cwd = join(import.meta.dirname, 'exports');
const read = (name: string) => readFileSync(join(cwd, name));

/** The fields that the map gives; the others are left to --ignore-unknown. */
async function mappedOf(name: string): Promise<Record<string, unknown>[]> {
  const lines = read(`${name}.map`).toString().split('\n');
  const fields = new Set(lines.map((line) => line.replace(/^.*=/, '')));
  const records = await fieldsOf(read(`${name}.csv`), { maps: [`${name}.map`], cwd });
  return records.map((record) =>
    Object.fromEntries(Object.entries(record).filter(([field]) => fields.has(field))),
  );
}

describe('exports of other programs, read by the maps of the documentation', () => {
  test('Google Contacts', async () => {
    expect(await mappedOf('google')).toEqual([
      {
        FirstName: 'Zoë',
        LastName: 'Łukasiewicz',
        Title: 'Head of Field Work, North',
        Department: 'Field',
        Birthdate: '1984-02-29',
        Description: 'Met at the fair.\nCalls back in the "evening".',
        Email: 'zoe@brightwater.example',
        Phone: '+48 22 555 01 00',
        MobilePhone: '+48 601 555 010',
        MailingStreet: 'Długa 7',
        MailingCity: 'Warszawa',
        MailingPostalCode: '00-238',
        MailingCountry: 'PL',
      },
      { FirstName: 'Tomás', LastName: "O'Neill", Email: 'tomas@oneill.example' },
    ]);
  });

  test('Outlook: Title is the salutation, Job Title the title; either phone is the phone', async () => {
    expect(await mappedOf('outlook')).toEqual([
      {
        FirstName: 'Jörg',
        LastName: 'Weiß',
        Salutation: 'Dr.',
        Title: 'Leiter Einkauf',
        Department: 'Einkauf',
        Email: 'joerg.weiss@kranbau.example',
        Phone: '+49 30 5550100',
        MobilePhone: '+49 170 5550100',
        Fax: '+49 30 5550199',
        AssistantName: 'Mia Brandt',
        MailingStreet: 'Hafenstraße 12\r\nTor 3',
        MailingCity: 'Berlin',
        MailingPostalCode: '10115',
        MailingCountry: 'Germany',
      },
      {
        FirstName: 'Aiko',
        LastName: 'Sato',
        Email: 'aiko@sato.example',
        Phone: '+81 3 5550 0100',
        HomePhone: '+81 3 5550 0101',
        Description: 'Prefers mail',
      },
    ]);
  });

  test('HubSpot', async () => {
    expect(await mappedOf('hubspot')).toEqual([
      {
        FirstName: 'Priya',
        LastName: 'Raghavan',
        Email: 'priya@lumen.example',
        Phone: '+1 206 555 0142',
        Title: 'VP, Operations',
        MailingCity: 'Seattle',
        MailingState: 'WA',
        MailingCountry: 'United States',
      },
      { FirstName: 'Bo', LastName: 'Lindqvist', Email: 'bo@lumen.example' },
    ]);
  });

  test('Outlook of Windows: the first byte of Windows-1252 is told with its line', async () => {
    await expect(fieldsOf(read('outlook-windows-1252.csv'))).rejects.toThrow(
      '-, line 2: the byte 0xF6 at character 3 is not UTF-8 text; as Windows-1252 it would be "ö".',
    );
  });

  test.each(['google', 'outlook', 'hubspot'])(
    'the documentation has the map that is tested: %s',
    async (name) => {
      const docs = readFileSync(join(import.meta.dirname, '../../../docs/importing.md'), 'utf8');
      expect(docs).toContain(`\n\`\`\`\n${read(`${name}.map`).toString()}\`\`\`\n`);
      expect(await notesOf(read(`${name}.csv`).toString(), { maps: [`${name}.map`], cwd })).toEqual([]);
    },
  );
});
