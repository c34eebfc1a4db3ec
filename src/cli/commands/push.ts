import { Option } from 'commander';
import type { ProgressEvent } from '../../app/contract/progress.ts';
import type { PushError, PushRecord, PushResult, RecordFault } from '../../app/contract/push.ts';
import { isAppError } from '../../base/errors.ts';
import { type InputFormat, inputFormats } from '../input/input-formats.ts';
import type { Reject } from '../input/rejects-file.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { openProgress } from '../progress/open-progress.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { pushFailure } from './push-failure.ts';
import { renderPush } from './push-text.ts';

interface PushFlags {
  org?: string;
  upsert?: string;
  dryRun?: boolean;
  queue?: boolean;
  allOrNone?: boolean;
  allowDuplicates?: boolean;
  rejects?: string;
  map: string[];
  format: InputFormat;
}

export function addPushCommand({ program, run }: CommandHost): void {
  program
    .command('push')
    .summary('create, update and delete contacts in Salesforce')
    .description(
      'Creates contacts in Salesforce. A record with Id updates it, {"Id":…,"IsDeleted":true} deletes it. Takes a ' +
        'JSON object, a JSON array, NDJSON or CSV (an empty cell leaves its field alone, #N/A clears it). ' +
        'Every record is checked before anything is sent.',
    )
    .argument('[file...]', 'files, or - for standard input')
    .option('--org <org>', 'alias, instance URL, host or username')
    .option(
      '--upsert <field>',
      'update the contact with the same value of this unique external id field, else create',
    )
    .option('--dry-run', 'check the records and send nothing')
    .option('--queue', 'put them into the outbox and leave the sending to `watch`')
    .option('--all-or-none', 'one refused record undoes all; at most 200 records')
    .option('--allow-duplicates', "save records in spite of the org's duplicate rules, where these allow it")
    .option('--rejects <file>', 'write refused records with their reasons (NDJSON, or CSV by its name)')
    .addOption(new Option('--format <format>', 'format of the input').choices(inputFormats).default('auto'))
    .addOption(
      new Option(
        '--map <header=field>',
        'read a column, or a member, as this field: HEADER=FIELD, or a file of such lines; may be repeated',
      )
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], ''),
    )
    .addHelpText(
      'after',
      examples(
        'push contacts.csv --rejects refused.csv',
        'push --org prod --upsert External_Id__c contacts.ndjson',
        'push - < contact.json',
      ),
    )
    .action((files: string[], flags: PushFlags, command) => run(command, (call) => push(call, files, flags)));
}

async function push(call: Invocation, files: string[], flags: PushFlags): Promise<Outcome> {
  const records: PushRecord[] = [];
  for await (const batch of openRecords(call, files, flags)) records.push(...batch);
  const app = await call.app();
  const progress = await openProgress(call);
  let result: PushResult;
  try {
    result = await app.push(
      {
        org: flags.org ?? null,
        records: inBatches(records),
        upsertField: flags.upsert ?? null,
        dryRun: flags.dryRun ?? false,
        queue: flags.queue ?? false,
        allOrNone: flags.allOrNone ?? false,
        allowDuplicates: flags.allowDuplicates ?? false,
      },
      call.context<ProgressEvent>((event) => progress.show(event)),
    );
  } catch (error) {
    progress.stop();
    await tellFaults(call, flags, records, error);
    throw error;
  } finally {
    progress.stop();
  }
  if (flags.rejects !== undefined) await saveRejects(call, flags.rejects, rejectsOf(result, records));
  return {
    document: result,
    text: () => renderPush(result, call.orgNames.of(result.instanceUrl), call.surface),
    failure: pushFailure(result, { queue: flags.queue ?? false }),
  };
}

async function* openRecords(
  call: Invocation,
  files: string[],
  { format, map }: PushFlags,
): AsyncGenerator<readonly PushRecord[]> {
  // The parsers are a third of what this command loads, and only this command needs them.
  const { recordBatches } = await import('../input/record-batches.ts');
  yield* recordBatches({ files, format, maps: map }, call.io, {
    signal: call.signal,
    onNote: (note) => call.talk.warn(note),
  });
}

async function* inBatches(records: readonly PushRecord[]): AsyncGenerator<readonly PushRecord[]> {
  for (let at = 0; at < records.length; at += 1_000) yield records.slice(at, at + 1_000);
}

function rejectsOf({ results }: PushResult, records: readonly PushRecord[]): Reject[] {
  return results.flatMap(({ status, errors }, at) => {
    const record = records[at];
    return status === 'rejected' && record !== undefined ? [{ record, errors }] : [];
  });
}

async function saveRejects(call: Invocation, file: string, rejects: readonly Reject[]): Promise<void> {
  const { writeRejects } = await import('../input/rejects-file.ts');
  await writeRejects(file, rejects, call.io.cwd);
}

/** Faults against describe, found before anything was sent: all of them, on stderr and in the rejects file. */
async function tellFaults(
  call: Invocation,
  flags: PushFlags,
  records: PushRecord[],
  error: unknown,
): Promise<void> {
  if (!isAppError(error, 'INVALID_INPUT')) return;
  const { faults } = (error.details ?? {}) as { faults?: RecordFault[] };
  if (!Array.isArray(faults)) return;
  if (!call.output.json) call.talk.fail(faults.map(faultLine));
  if (flags.rejects === undefined) return;
  const byRecord = new Map<string, PushError[]>();
  for (const { source, index, code, message, field } of faults) {
    const errors = byRecord.get(`${index} ${source}`) ?? [];
    byRecord.set(`${index} ${source}`, errors);
    errors.push({ code, message, fields: field === null ? [] : [field] });
  }
  const rejects = records.flatMap((record) => {
    const errors = byRecord.get(`${record.index} ${record.source}`);
    return errors === undefined ? [] : [{ record, errors }];
  });
  await saveRejects(call, flags.rejects, rejects);
}

function faultLine({ source, line, index, field, message }: RecordFault): string {
  const place = line === null ? `record ${index + 1}` : `line ${line}`;
  return `${source}, ${place}${field === null ? '' : `, ${field}`}: ${message}`;
}
