import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { AppError, isAppError, messageOf, systemCodeOf } from '../../base/errors.ts';
import { meansNoRoom } from '../../base/means-no-room.ts';
import type { PushOptions, PushRecord, PushResult } from '../../contract/push.ts';
import { type InputFormat, inputFormats } from '../input/input-formats.ts';
import type { InputForm } from '../input/input-notes.ts';
import { readAhead } from '../input/read-ahead.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { printablePush } from '../printable-push.ts';
import { openProgress } from '../progress/open-progress.ts';
import { SmallHeap } from '../small-heap.ts';
import type { WholeFile } from '../whole-file.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { pushDocument } from './push-document.ts';
import { pushFailure, withUnsaved } from './push-failure.ts';
import { faultLines, lostWarning, pushWarnings, renderPush } from './push-text.ts';

/** So many are parsed before the org has said what fields it has: 10,000 records, some megabytes. */
const aheadBatches = 50;

interface PushFlags {
  org?: string;
  upsert?: string;
  dryRun?: boolean;
  queue?: boolean;
  allOrNone?: boolean;
  allowDuplicates?: boolean;
  api: PushOptions['api'];
  rejects?: string;
  map: string[];
  ignoreUnknown?: boolean;
  ignoreReadOnly?: boolean;
  allowMixed?: boolean;
  allowDamaged?: boolean;
  decimal?: 'point' | 'comma';
  fresh?: boolean;
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
    .addOption(
      new Option('--api <api>', 'collections of 200, bulk ingest jobs, or by the number of records')
        .choices(['auto', 'collections', 'bulk'])
        .default('auto'),
    )
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
    .option('--ignore-unknown', 'leave out columns that Contact does not have')
    .option('--ignore-read-only', 'leave out columns that Salesforce alone sets, as an export has them')
    .option(
      '--allow-damaged',
      'take texts as they are that were read in a wrong encoding before (U+FFFD, Ã¼)',
    )
    .option('--allow-mixed', 'records without an Id beside others with one are new contacts')
    .addOption(
      new Option(
        '--decimal <mark>',
        'what numbers in texts have before their fraction: 12.5 or 12,5',
      ).choices(['point', 'comma']),
    )
    .option('--fresh', 'push the records anew, though an equal push has not ended')
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

/** Of few records nothing needs to be collected before the first are sent. */
async function* collectingBehind<T>(batches: AsyncIterable<T>, heap: SmallHeap): AsyncGenerator<T> {
  let count = 0;
  for await (const batch of batches) {
    if (++count > aheadBatches) heap.collectEarly();
    yield batch;
  }
}

async function push(call: Invocation, files: string[], flags: PushFlags): Promise<Outcome> {
  const heap = new SmallHeap();
  // Whatever is to be written is opened before anything is sent.
  await using rejects = await openRejects(call, files, flags);
  const form: InputForm = { mapped: false, semicolons: false, alone: [] };
  const closing = new AbortController();
  const signal = AbortSignal.any([call.signal, closing.signal]);
  // They are parsed while the org is asked who it is and what fields it has.
  const batches = await begun(recordsOf({ ...call, signal }, files, flags, form));
  await using records = readAhead(batches, aheadBatches);
  await using _closed = { [Symbol.asyncDispose]: async () => closing.abort() };
  const app = await call.app({ inlineWrites: true });
  const progress = await openProgress(call);
  const options: PushOptions = {
    org: flags.org ?? null,
    records: collectingBehind(records, heap),
    upsertField: flags.upsert ?? null,
    dryRun: flags.dryRun ?? false,
    queue: flags.queue ?? false,
    allOrNone: flags.allOrNone ?? false,
    allowDuplicates: flags.allowDuplicates ?? false,
    api: flags.api,
    ignoreUnknown: flags.ignoreUnknown ?? false,
    ignoreReadOnly: flags.ignoreReadOnly ?? false,
    allowMixed: flags.allowMixed ?? false,
    allowDamaged: flags.allowDamaged ?? false,
    decimal: flags.decimal ?? null,
    fresh: flags.fresh ?? false,
    keepRejects: rejects !== null,
    headersAlone: () => form.alone,
  };
  let result: PushResult;
  try {
    result = await app.push(options, (event) => {
      heap.collectEarly();
      progress.show(event);
    });
  } finally {
    progress.stop();
  }
  for (const { source } of form.alone)
    call.messages.warn(`${source}: there is a header and no record below it.`);
  // Should the results not come out, on a full disk say, the same push again is to tell them and send nothing twice.
  result.isTold = false;
  const unsaved = rejects === null ? null : await saveRejects(call, rejects, flags, { form, result });
  if (!call.output.json) result = printablePush(result, call.orgNames);
  const written = rejects !== null && unsaved === null;
  const failure = withUnsaved(
    pushFailure(result, { queue: flags.queue ?? false, rejects: written }),
    unsaved,
  );
  for (const warning of pushWarnings(result.counts)) call.messages.warn(warning);
  if (unsaved !== null && failure !== unsaved && failure?.cause !== unsaved)
    call.messages.warn(unsaved.message);
  const { invalid } = result;
  if (invalid !== null && !call.output.json) call.messages.fail(faultLines(invalid));
  const text = call.output.json || invalid !== null ? '' : await renderPush(result, call);
  return {
    documentParts: (error, infoOf) => pushDocument(result, error, infoOf),
    text: () => text,
    shown: () => {
      // Whoever ends by a signal is run again, by its exit code: also where all was sent by then.
      result.isTold = !isAppError(failure, 'INTERRUPTED', 'TERMINATED');
    },
    failure,
  };
}

async function openRejects(
  call: Invocation,
  files: string[],
  { rejects, map }: PushFlags,
): Promise<WholeFile | null> {
  if (rejects === undefined) return null;
  const [{ isOwnStdout, openWholeFile }, { keepInputs }] = await Promise.all([
    import('../whole-file.ts'),
    import('../input/keep-inputs.ts'),
  ]);
  if (rejects === '-' || isOwnStdout(resolve(call.io.cwd, rejects))) {
    throw new AppError(
      'INVALID_INPUT',
      `--rejects ${rejects} is standard output, and the result of the push goes there.`,
      { hint: 'Name a file; one that is called - is ./-' },
    );
  }
  await keepInputs('--rejects', rejects, { files, maps: map }, call.io);
  return openWholeFile(rejects, { ...call, cwd: call.io.cwd });
}

/** What went wrong with the file, which must not keep the results from being told. */
async function saveRejects(
  { messages, io }: Invocation,
  file: WholeFile,
  { rejects: name = '', map, decimal }: PushFlags,
  { form, result }: { form: InputForm; result: PushResult },
): Promise<AppError | null> {
  const { writeRejects } = await import('../input/rejects-file.ts');
  const possible = decimal === undefined && form.semicolons;
  try {
    const lost = await writeRejects(file, name, result, {
      mapped: map.length > 0 || form.mapped,
      decimalComma: decimal === 'comma' ? 'said' : possible ? 'possible' : null,
    });
    if (lost === null) await tellOlder(messages, io.cwd, name);
    else if (lost.first !== null) messages.warn(lostWarning(name, lost.count, lost.first));
    return null;
  } catch (error) {
    const code = systemCodeOf(error);
    return new AppError(
      meansNoRoom(code) ? 'DISK_FULL' : 'FILE_NOT_ACCESSIBLE',
      `${name} could not be written (${code ?? messageOf(error)}), so that the refused records are not in it.`,
      { hint: 'Do not push the same records again: the outbox has those that were refused.', cause: error },
    );
  }
}

/** Nobody is to take the refused records of an earlier push for those of this one, which has none. */
async function tellOlder(messages: Invocation['messages'], cwd: string, name: string): Promise<void> {
  const old = await stat(resolve(cwd, name)).catch(() => null);
  if (!old?.isFile() || old.size === 0) return;
  messages.warn(
    `${name} stays as it was: this push has no refused records, and what is in it is of an earlier one.`,
  );
}

async function* recordsOf(
  { io, signal, messages }: Invocation,
  files: string[],
  { format, map }: PushFlags,
  form: InputForm,
): AsyncGenerator<readonly PushRecord[]> {
  // The parsers are a third of what this command loads, and only this command needs them.
  const { recordBatches } = await import('../input/record-batches.ts');
  const onNote = (note: string) => messages.warn(note);
  yield* recordBatches({ files, format, maps: map }, io, { signal, onNote, form });
}

/** With its first batch read: a wrong file name needs no login to be told. */
async function begun<T>(batches: AsyncGenerator<T>): Promise<AsyncGenerator<T>> {
  const first = await batches.next();
  return (async function* () {
    if (first.done) return;
    yield first.value;
    yield* batches;
  })();
}
