import { formatDuration } from '../../base/interval.ts';
import { printableLine } from '../../base/printable.ts';
import { bounds, defaults } from '../../contract/defaults.ts';
import type { RunResult, RunStepView, RunsResult, RunView } from '../../contract/runs.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { wholeNumber } from '../options/number-option.ts';
import { renderFacts } from '../render/facts.ts';
import { count, counted } from '../render/quantity.ts';
import { relativeTime } from '../render/relative-time.ts';
import { renderTable } from '../render/table.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

export function addRunsCommand({ program, run }: CommandHost): void {
  const runs = program
    .command('runs')
    .summary('what has been run, with what result')
    .description('Lists what has been run, for whom and with what result, the newest first.')
    .argument('[org]', 'alias, instance URL, host or username')
    .option('--limit <n>', 'how many', wholeNumber(...bounds.runs), defaults.runs)
    .addHelpText('after', examples('runs', 'runs prod --limit 100 --json', 'runs show 3f2a91c4'))
    .action((org: string | undefined, { limit }: { limit: number }, command) =>
      run(command, (call) => listRuns(call, org ?? null, limit)),
    );
  runs
    .command('show')
    .description('Shows a run with its steps.')
    .argument('<id>', "the run's id, or its beginning")
    .addHelpText('after', examples('runs show 3f2a91c4'))
    .action((id: string, _flags, command) => run(command, (call) => showRun(call, id)));
}

async function listRuns(call: Invocation, org: string | null, limit: number): Promise<Outcome> {
  const app = await call.app();
  const result = await app.runs({ org, limit });
  return { document: result, text: () => tableOf(result, call) };
}

async function showRun(call: Invocation, id: string): Promise<Outcome> {
  const app = await call.app();
  const result = await app.run({ id });
  return { document: result, text: () => textOf(result, call) };
}

function tableOf({ runs, unread }: RunsResult, { terminal, io, orgNames }: Invocation): string {
  const untold = unread.map(
    ({ instanceUrl, error }) =>
      `The runs of ${orgNames.of(instanceUrl)} could not be read: ${error.message} (${error.code})`,
  );
  if (runs.length === 0) return untold.length > 0 ? untold.join('\n') : 'Nothing has been run yet.';
  const table = renderTable(
    [
      { title: 'ID', key: true },
      { title: 'KIND' },
      { title: 'ORG' },
      { title: 'STATUS' },
      { title: 'STARTED' },
      { title: 'TIME', align: 'right' },
      { title: 'API CALLS', align: 'right' },
      { title: 'RESULT' },
    ],
    runs.map((run) => [
      run.id.slice(0, 8),
      run.kind,
      orgNames.of(run.instanceUrl),
      run.status,
      relativeTime(run.startedAt, io.now()),
      runTimeOf(run),
      count(run.apiCalls),
      run.error === null ? countsText(run.counts) : `${run.error.code}: ${run.error.message}`,
    ]),
    terminal,
  );
  return [table, ...untold].join('\n');
}

function textOf({ run }: RunResult, { terminal, orgNames }: Invocation): string {
  const facts = renderFacts(
    [
      ['id', run.id],
      ['org', orgNames.of(run.instanceUrl)],
      ['status', run.status],
      ['started', run.startedAt],
      ['time', runTimeOf(run)],
      ['API calls', count(run.apiCalls)],
      ['result', countsText(run.counts) || 'no changes'],
      ...(run.error === null ? [] : ([['error', `${run.error.message} (${run.error.code})`]] as const)),
    ],
    terminal.style,
  );
  const steps = renderTable(
    [{ title: 'STEP', key: true }, { title: 'TIME', align: 'right' }, { title: 'RESULT' }, { title: 'NOTE' }],
    run.steps.map((step: RunStepView) => [
      step.name,
      timeOf(step.startedAt, step.finishedAt),
      countsText(step.counts),
      noteCell(step),
    ]),
    terminal,
  );
  const lists = run.steps.filter(isListed).map(noteLines).join('');
  return `${terminal.style.bold(run.kind)}\n${facts}${run.steps.length === 0 ? '' : `\n${steps}`}${lists}`;
}

/**
 * The note of this step has a line for each contact, and is told below the table, where nothing of it is cut: its values are
 * told nowhere else. Its lines are this tool's own, with the values in quotes; those of other notes may be an org's.
 */
function isListed({ name, note }: RunStepView): boolean {
  return note !== null && name === 'conflicts';
}

function noteCell(step: RunStepView): string {
  if (!isListed(step)) return step.note ?? '';
  return `${counted(step.note!.split('\n').length, 'line')}, below`;
}

function noteLines({ name, note }: RunStepView): string {
  const lines = (note ?? '').split('\n').map((line) => `  ${printableLine(line)}\n`);
  return `\n${name}:\n${lines.join('')}`;
}

/** Of counts whose names do not say it by themselves. */
const countWords: Readonly<Record<string, string>> = {
  orgContacts: 'contacts in the org',
  mirrorContacts: 'contacts in the mirror',
  ghosts: 'not in the org any more',
  absent: 'not found by their Id',
  buried: 'marked as gone',
  readBack: 'read back',
  notInBulk: 'missing in the bulk answer',
  knownDeleted: 'known as deleted',
  deletedButLive: 'named as deleted and live',
  inDoubt: 'in doubt',
};

function runTimeOf({ status, startedAt, finishedAt }: RunView): string {
  if (finishedAt === null) return status === 'running' ? '-' : 'unknown';
  // The clock was set back meanwhile.
  if (Date.parse(finishedAt) < Date.parse(startedAt)) return 'unknown';
  return timeOf(startedAt, finishedAt);
}

function timeOf(startedAt: string, finishedAt: string): string {
  return formatDuration(Date.parse(finishedAt) - Date.parse(startedAt));
}

function countsText(counts: Record<string, number>): string {
  return Object.entries(counts)
    .filter(([, n]) => n !== 0)
    .map(([name, n]) => `${count(n)} ${countWords[name] ?? name}`)
    .join(', ');
}
