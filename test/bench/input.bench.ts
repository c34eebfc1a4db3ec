/**
 * Reading the input of a push, alone: CSV, NDJSON and a one-line JSON array of ten columns, each by a process of its
 * own from the built package, at two sizes. Memory is flat where the larger size has the smaller one's peak.
 * `npm run build && node test/bench/input.bench.ts [records] [larger]`
 */
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './measure.ts';

const sizes = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 300_000)];
const reader = new URL('../../dist/cli/input/record-batches.js', import.meta.url).href;
const program = `
  import { recordBatches } from '${reader}';
  let records = 0;
  const sources = { files: [process.argv[1]], format: 'auto', maps: [] };
  const began = performance.now();
  const io = { stdin: process.stdin, cwd: '/' };
  const { signal } = new AbortController();
  for await (const batch of recordBatches(sources, io, { signal })) records += batch.length;
  console.log(JSON.stringify({ records, ms: performance.now() - began }));
`;

function contact(n: number): Record<string, string> {
  return {
    LastName: `Nguyễn ${n}`,
    FirstName: 'Ana',
    Email: `ana.${n}@example.com`,
    Phone: '+1 415 555 0100',
    MobilePhone: '',
    MailingStreet: `Main Street ${n % 100}\nHouse "${n % 7}"`,
    MailingCity: 'San Francisco',
    MailingCountry: 'United States',
    Title: 'Head, Sales',
    Key__c: String(1_000_000 + n),
  };
}

const csvCell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const forms = {
  'contacts.csv': {
    begin: `${Object.keys(contact(0)).join(',')}\n`,
    line: (n: number) => `${Object.values(contact(n)).map(csvCell).join(',')}\n`,
    end: '',
  },
  'contacts.ndjson': { begin: '', line: (n: number) => `${JSON.stringify(contact(n))}\n`, end: '' },
  'contacts.json': {
    begin: '[',
    line: (n: number) => `${n === 0 ? '' : ','}${JSON.stringify(contact(n))}`,
    end: ']',
  },
};

const folder = mkdtempSync(join(tmpdir(), 'parahack-bench-'));
try {
  for (const [name, { begin, line, end }] of Object.entries(forms)) {
    for (const size of sizes) {
      const path = join(folder, name);
      const file = openSync(path, 'w');
      writeSync(file, begin);
      for (let n = 0; n < size; n += 1_000) {
        const lines = Array.from({ length: Math.min(1_000, size - n) }, (_, k) => line(n + k));
        writeSync(file, lines.join(''));
      }
      writeSync(file, end);
      closeSync(file);
      const { stdout, peakMB } = await measure(process.execPath, [
        '--input-type=module',
        '-e',
        program,
        path,
      ]);
      const { records, ms } = JSON.parse(stdout) as { records: number; ms: number };
      if (records !== size) throw new Error(`${name}: ${records} records in place of ${size}`);
      const rate = Math.round((records / ms) * 1_000);
      const mb = Math.round(statSync(path).size / 1e6);
      console.log(`${name} ${size} records, ${mb} MB: ${rate} records/s, peak ${Math.round(peakMB)} MB`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
