import type { FaultKind, InvalidInput, PushItem, PushResult, RecordPlace } from '../../contract/push.ts';
import type { Invocation } from '../invocation.ts';
import { errorReason } from '../render/error-reason.ts';
import { count, counted } from '../render/quantity.ts';
import { renderTable } from '../render/table.ts';
import { planText } from './push-plan-text.ts';

/** Beyond this many, records that went well are counted and not listed, and of the others these are. */
const listedAtMost = 20;

/** What became of the records: all of few, of many some that did not go well, and the counts. */
export async function renderPush(
  result: PushResult,
  { orgNames, terminal }: Pick<Invocation, 'orgNames' | 'terminal'>,
): Promise<string> {
  const { style, columns } = terminal;
  const { listed, more } = await listedItems(result);
  const table = renderTable(
    ['RECORD', 'STATUS', 'ID', 'ERROR'].map((title) => ({ title, key: title === 'RECORD' })),
    listed.map((item) => [
      placeOf(item),
      item.status,
      item.id ?? '-',
      item.errors.map(errorReason).join('; '),
    ]),
    { style, columns, rest: orgNames.inCommands(restText, result.counts.instanceUrl) },
  );
  const rest =
    more === 0 ? '' : `… and ${counted(more, 'more record')}; --json has all, --rejects the refused.\n`;
  const { plan, instanceUrl } = result.counts;
  const planned = plan === null ? '' : orgNames.inCommands(planText(plan, { style, columns }), instanceUrl);
  const beside = listed.some(isLikeAnother) ? besideText : '';
  return (
    (listed.length === 0 ? '' : table) + rest + beside + countsOf(result, orgNames.of(instanceUrl)) + planned
  );
}

const restText =
  '`parahack-sync outbox list` has the keys, `parahack-sync outbox show KEY` tells one entry whole.';

const besideText =
  'A contact that is to stand beside those that it is like is made with --allow-duplicates; --upsert FIELD updates the one that has its value.\n';

function isLikeAnother({ errors }: PushItem): boolean {
  return errors.some(({ code }) => code === 'DUPLICATES_DETECTED');
}

async function listedItems(result: PushResult): Promise<{ listed: PushItem[]; more: number }> {
  const { records, statuses } = result;
  const all = records <= listedAtMost;
  const fine = ['created', 'updated', 'deleted', 'queued', 'valid'] as const;
  const well = fine.reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0);
  const listed: PushItem[] = [];
  // Of many that all went well, none need be read.
  if (!all && well === records && (statuses.get('queued') ?? 0) === 0) return { listed, more: 0 };
  let more = 0;
  for await (const page of result.results()) {
    for (const item of page) {
      const isFine = item.errors.length === 0 && fine.some((status) => status === item.status);
      if (!all && isFine) continue;
      if (listed.length < listedAtMost) listed.push(item);
      else more++;
    }
  }
  return { listed, more };
}

function placeOf({ source, line, index }: RecordPlace): string {
  return line === null ? `${source} #${index + 1}` : `${source}:${line} #${index + 1}`;
}

function countsOf({ statuses, counts }: PushResult, org: string): string {
  const parts = [...statuses].map(([status, n]) => `${count(n)} ${status}`);
  // Of what a person has given up, nobody knows here what it asked for.
  const isAllValid = statuses.size === 1 && statuses.has('valid');
  const said = parts.length === 0 ? 'nothing to push' : parts.join(', ');
  return `${org}: ${said}${isAllValid ? plannedOf(counts) : ''}.\n`;
}

/** ` (2 creates, 1 delete)`: what would be done. */
function plannedOf({ creates, updates, deletes, upserts }: PushResult['counts']): string {
  const planned = [
    [creates, 'create'],
    [updates, 'update'],
    [deletes, 'delete'],
    [upserts, 'upsert'],
  ] as const;
  return ` (${planned.flatMap(([n, noun]) => (n === 0 ? [] : [counted(n, noun)])).join(', ')})`;
}

/** A line for each kind of fault, with the place of its first record. */
export function faultLines({ kinds, kindsInAll }: InvalidInput): string[] {
  const lines = kinds.map(faultLine);
  const more = kindsInAll - kinds.length;
  if (more > 0) lines.push(`… and ${counted(more, 'more kind')} of faults; --json has all.`);
  return lines;
}

function faultLine({ source, line, index, field, message, records }: FaultKind): string {
  const place = [source, line === null ? null : `line ${line}`, `record ${index + 1}`, field];
  const many = records === 1 ? '' : ` (${counted(records, 'record')})`;
  return `${place.filter((part) => part !== null).join(', ')}: ${message}${many}`;
}

/** Of values that the CSV of refused records leaves out: `first` is one of them, where it stood in the input and what it is. */
export function lostWarning(
  file: string,
  values: number,
  { field, why, ...place }: RecordPlace & { field: string; why: string },
): string {
  const where = [
    place.source,
    place.line === null ? null : `line ${place.line}`,
    `record ${place.index + 1}`,
  ];
  const first = `${values === 1 ? '' : 'first '}${where.filter((part) => part !== null).join(', ')}, ${field}: ${why}`;
  return `${file} lacks ${counted(values, 'value')} that CSV has no word for (${first}), and is refused where it names them in _lost: give them there, push with --rejects FILE.ndjson, or send a record as it was by \`parahack-sync outbox retry KEY\`.`;
}

/** What was left out of the records, what they replace, and what else waits. */
export function pushWarnings({
  ignored,
  olderEntries,
  resumedFrom,
  resumedOpen,
  overtaken,
  replaced,
  plan,
  ...given
}: PushResult['counts']): string[] {
  const warnings: string[] = [];
  if (replaced > 0) {
    const [are, their] = replaced === 1 ? ['is', 'its'] : ['are', 'their'];
    warnings.push(
      `${counted(replaced, 'refused entry', 'refused entries')} of the outbox ${plan === null ? are : 'would be'} given up: a mended record ${plan === null ? 'has taken' : 'would take'} ${their} place.`,
    );
  }
  if (resumedFrom !== null) {
    const open =
      resumedOpen === 0
        ? ''
        : ` (${counted(resumedOpen, 'record')} of it still ${resumedOpen === 1 ? 'waits' : 'wait'})`;
    warnings.push(
      `The same records were pushed at ${resumedFrom} and that push did not end${open}: this one ${plan === null ? 'goes' : 'would go'} on with it and ${plan === null ? 'sends' : 'send'} nothing twice (--fresh pushes them anew).`,
    );
  }
  if (overtaken > 0) {
    const [are, their] = overtaken === 1 ? ['is of a contact', 'it'] : ['are of contacts', 'them'];
    warnings.push(
      `${counted(overtaken, 'change')} of that push ${are} that later pushes or edits came to change, and what came later stays: to write ${their} again, push ${their} once more with --fresh.`,
    );
  }
  for (const [reason, what] of [
    ['unknown', 'not known to Contact'],
    ['read-only', 'set by Salesforce alone'],
  ] as const) {
    const own = ignored.filter((column) => column.reason === reason);
    if (own.length === 0) continue;
    // Those that were a field under another name before those that nothing takes.
    const sorted = own.toSorted((a, b) => Number(b.meant !== null) - Number(a.meant !== null));
    const named = sorted.slice(0, listedAtMost).map(ignoredColumn);
    const more = own.length - named.length;
    if (more > 0) named.push(`… and ${counted(more, 'more column')}`);
    warnings.push(`Left out, as ${what}: ${named.join(', ')}.`);
  }
  if (olderEntries > 0) {
    warnings.push(
      `${counted(olderEntries, 'other entry', 'other entries')} of the outbox still ${olderEntries === 1 ? 'waits' : 'wait'}: see \`parahack-sync outbox list\`${isNothing(given) ? '; `parahack-sync watch --once` sends what is ready' : ''}.`,
    );
  }
  return warnings;
}

/** Then nothing was sent either, and what waits does not wait for a reason of its own. */
function isNothing({
  creates,
  updates,
  deletes,
  upserts,
}: Pick<PushResult['counts'], 'creates' | 'updates' | 'deletes' | 'upserts'>): boolean {
  return creates + updates + deletes + upserts === 0;
}

function ignoredColumn({ column, records, meant }: PushResult['counts']['ignored'][number]): string {
  const map = meant === null ? '' : `; --map '${column}=${meant}' takes it`;
  return `${column ?? 'others'} (${counted(records, 'record')}${map})`;
}
