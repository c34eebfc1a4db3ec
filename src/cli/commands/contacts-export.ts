import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { AppError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable.ts';
import { printableJson } from '../../base/printable-json.ts';
import { contactObject, contactValue } from '../../contract/contact-object.ts';
import type { ContactExport } from '../../contract/contacts.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { collectList } from '../options/list-option.ts';
import { csvLine } from '../render/csv-line.ts';
import { excelSafeCell } from '../render/excel-safe-cell.ts';
import { counted } from '../render/quantity.ts';
import { isOwnStdout } from '../whole-file.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

type ExportFormat = 'csv' | 'json' | 'ndjson';

interface ExportFlags {
  org?: string;
  format?: ExportFormat;
  output?: string;
  excelSafe?: boolean;
  where?: string;
  fields?: string[];
}

export function addContactsExportCommand(contacts: Command, run: CommandHost['run']): void {
  contacts
    .command('export')
    .description('Writes all live contacts, to stdout or a file.')
    .option('--org <org>', 'alias, instance URL, host or username')
    .addOption(
      new Option('--format <format>', "csv, or what the file's name or --json says").choices([
        'csv',
        'json',
        'ndjson',
      ]),
    )
    .option('--output <file>', 'write to this file, which appears when it is complete; - is stdout')
    .option('--where <sql>', 'an SQL condition over the view contacts; it can only read')
    .option('--fields <names>', 'only these, by commas or repeated', collectList)
    .option(
      '--excel-safe',
      'CSV for a spreadsheet: an apostrophe before cells that it would take for a formula. Not to be pushed back',
    )
    .addHelpText(
      'after',
      examples('contacts export > contacts.csv', 'contacts export --format ndjson --output c.ndjson'),
    )
    .action((flags: ExportFlags, command) => run(command, (call) => exportContacts(call, flags)));
}

async function exportContacts(call: Invocation, flags: ExportFlags): Promise<Outcome> {
  const output = flags.output === undefined || isStdout(call, flags.output) ? null : flags.output;
  const format = flags.format ?? formatByName(output) ?? (call.output.json ? 'json' : 'csv');
  if (call.output.json && output === null && format === 'csv') {
    throw new AppError('INVALID_INPUT', 'With --json, stdout carries JSON, and --format csv is none.', {
      hint: 'Add --output FILE, or leave one of the two out.',
    });
  }
  const excelSafe = flags.excelSafe ?? false;
  if (excelSafe && format !== 'csv') {
    throw new AppError('INVALID_INPUT', `--excel-safe is for CSV, and the format is ${format}.`, {
      hint: 'Add --format csv, or leave --excel-safe out.',
    });
  }
  const form = { format, excelSafe };
  const { openWholeFile } = await import('../whole-file.ts');
  // Opened first: a name that cannot be written is told at once.
  await using file = output === null ? null : await openWholeFile(output, { ...call, cwd: call.io.cwd });
  const app = await call.app();
  const { where, fields } = flags;
  const exported = await app.contacts.export({ org: flags.org ?? null, where, fields });
  if (file === null) {
    await writeContacts(exported, form, (text) => call.printData(text), call.signal);
    return {};
  }
  const contacts = await writeContacts(exported, form, (text) => file.write(text), call.signal);
  await file.complete();
  const { instanceUrl } = exported;
  return {
    document: { instanceUrl, format, output, contacts },
    text: () =>
      `${counted(contacts, 'contact')} of ${call.orgNames.of(instanceUrl)} in ${printableLine(output!)}.`,
  };
}

function isStdout({ io }: Invocation, name: string): boolean {
  return name === '-' || isOwnStdout(resolve(io.cwd, name));
}

/** Text in blocks of a batch each, so that memory stays flat however many contacts there are. */
async function writeContacts(
  { columns, batches }: ContactExport,
  { format, excelSafe }: { format: ExportFormat; excelSafe: boolean },
  write: (text: string) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  const safe = excelSafe ? excelSafeCell : (value: unknown) => value;
  let contacts = 0;
  if (format === 'csv') await write(csvLine(columns.map(({ name }) => name)));
  if (format === 'json') await write('[');
  for await (const batch of batches) {
    signal.throwIfAborted();
    const texts = batch.map((row) =>
      format === 'csv'
        ? csvLine(columns.map((column, at) => safe(contactValue(column, row[at]))))
        : printableJson(contactObject(columns, row)),
    );
    if (format === 'csv') await write(texts.join(''));
    else if (format === 'ndjson') await write(texts.map((text) => `${text}\n`).join(''));
    else if (texts.length > 0) await write(`${contacts === 0 ? '\n' : ',\n'}${texts.join(',\n')}`);
    contacts += batch.length;
  }
  if (format === 'json') await write(contacts === 0 ? ']\n' : '\n]\n');
  return contacts;
}

function formatByName(file: string | null): ExportFormat | null {
  const ending = /\.(csv|json|ndjson|jsonl)$/i.exec(file ?? '')?.[1]?.toLowerCase();
  if (ending === undefined) return null;
  return ending === 'jsonl' ? 'ndjson' : (ending as ExportFormat);
}
