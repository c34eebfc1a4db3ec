import { type Command, Option } from 'commander';
import type { ContactExport } from '../../app/contract/contacts.ts';
import { AppError } from '../../base/errors.ts';
import { printableJson } from '../../base/printable-json.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { csvLine } from '../render/csv-line.ts';
import { counted } from '../render/quantity.ts';
import type { CommandHost } from './command-host.ts';
import { contactObject, contactValue } from './contact-record.ts';
import { examples } from './examples.ts';

type ExportFormat = 'csv' | 'json' | 'ndjson';

interface ExportFlags {
  org?: string;
  format?: ExportFormat;
  output?: string;
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
    .option('--output <file>', 'write to this file, which appears when it is complete')
    .addHelpText(
      'after',
      examples('contacts export > contacts.csv', 'contacts export --format ndjson --output c.ndjson'),
    )
    .action((flags: ExportFlags, command) => run(command, (call) => exportContacts(call, flags)));
}

async function exportContacts(call: Invocation, flags: ExportFlags): Promise<Outcome> {
  const format = flags.format ?? formatByName(flags.output) ?? (call.output.json ? 'json' : 'csv');
  if (call.output.json && flags.output === undefined && format === 'csv') {
    throw new AppError('INVALID_INPUT', 'With --json, stdout carries JSON, and --format csv is none.', {
      hint: 'Add --output FILE, or leave one of the two out.',
    });
  }
  const app = await call.app();
  const exported = await app.contacts.export({ org: flags.org ?? null }, call.context());
  if (flags.output === undefined) {
    await writeContacts(exported, format, (text) => call.printData(text), call.signal);
    return {};
  }
  const { writeWholeFile } = await import('../whole-file.ts');
  const { output } = flags;
  const contacts = await writeWholeFile(output, call.io.cwd, (write) =>
    writeContacts(exported, format, write, call.signal),
  );
  return {
    document: { instanceUrl: exported.instanceUrl, format, output, contacts },
    text: () => `${counted(contacts, 'contact')} of ${call.orgNames.of(exported.instanceUrl)} in ${output}.`,
  };
}

/** Text in blocks of a batch each, so that memory stays flat however many contacts there are. */
async function writeContacts(
  { columns, batches }: ContactExport,
  format: ExportFormat,
  write: (text: string) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  let contacts = 0;
  if (format === 'csv') await write(csvLine(columns.map(({ name }) => name)));
  if (format === 'json') await write('[');
  for await (const batch of batches) {
    signal.throwIfAborted();
    const texts = batch.map((row) =>
      format === 'csv'
        ? csvLine(columns.map((column, at) => contactValue(column, row[at])))
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

function formatByName(file: string | undefined): ExportFormat | null {
  const ending = /\.(csv|json|ndjson|jsonl)$/i.exec(file ?? '')?.[1]?.toLowerCase();
  if (ending === undefined) return null;
  return ending === 'jsonl' ? 'ndjson' : (ending as ExportFormat);
}
