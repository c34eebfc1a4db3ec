import type {
  LiveContact,
  OutboxDoubt,
  OutboxEntryView,
  OutboxSettleResult,
  OutboxState,
} from '../../contract/outbox.ts';
import type { Invocation } from '../invocation.ts';
import { count, counted } from '../render/quantity.ts';
import { relativeTime } from '../render/relative-time.ts';
import { renderTable } from '../render/table.ts';
import { waitsText } from './outbox-waits-text.ts';

/** Lines of a settling that are shown; `--json` has all. */
const mostLines = 20;

export function settledText(
  { instanceUrl, settled, inDoubt, waitsFor, released }: OutboxSettleResult,
  { orgNames, terminal }: Invocation,
): string {
  const org = orgNames.of(instanceUrl);
  if (settled.length + inDoubt.length === 0) return `${org}: no entry is in doubt.\n`;
  const lines = [
    ...settled.map((entry) => [
      entry.key,
      released.includes(entry.key) ? `${becomeOf(entry)}; ${releasedText}` : becomeOf(entry),
    ]),
    ...inDoubt.map(({ key, doubt }) => [
      key,
      `still in doubt: ${doubt?.message ?? 'the org does not tell.'}`,
    ]),
  ];
  const rest = lines.length - mostLines;
  const table = renderTable(
    [{ title: 'KEY', key: true }, { title: 'IS' }],
    lines.slice(0, mostLines),
    terminal,
  );
  const more = rest > 0 ? `${counted(rest, 'more entry', 'more entries')}; --json has them all.\n` : '';
  const waits = waitsFor.length === 0 ? '' : `${orgNames.inCommands(waitsText(waitsFor), instanceUrl)}\n`;
  // Only those that were named are known of, or all of them.
  const left = inDoubt.length === 0 ? '' : `, ${count(inDoubt.length)} still in doubt`;
  return `${org}: ${counted(settled.length, 'entry', 'entries')} settled${left}.\n${table}${more}${waits}`;
}

const releasedText = 'its request without an answer is waited for no more';

function becomeOf({ state, op, contactId }: OutboxEntryView): string {
  switch (state) {
    case 'done':
      return `done: contact ${contactId}`;
    case 'pending':
      return `waits for the next watch cycle or push, to be sent${op === 'create' ? ' and made' : ''}`;
    case 'conflict':
      return 'in conflict: outbox show tells it, and how it is decided';
    default:
      return state;
  }
}

/** What is known of a doubt, for whoever has to decide it. */
export function doubtText(
  { message, askedAt, candidates, candidatesTotal }: OutboxDoubt,
  state: OutboxState,
  { terminal, io }: Invocation,
): string {
  const asked = askedAt === null ? 'not asked yet, or to be asked anew' : relativeTime(askedAt, io.now());
  const head = `\n${state === 'dropped' ? 'Was in doubt' : 'In doubt'}: ${message}\nAsked: ${asked}\n`;
  if (candidates.length === 0) return head;
  const table = renderTable(
    ['ID', 'NAME', 'EMAIL', 'CREATED', 'GONE'].map((title) => ({ title, key: title === 'ID' })),
    candidates.map(({ id, name, email, createdAt, gone }) => [
      id,
      name ?? '-',
      email ?? '-',
      createdAt,
      gone ?? '-',
    ]),
    terminal,
  );
  const rest = candidatesTotal - candidates.length;
  const more = rest > 0 ? `and ${counted(rest, 'more contact')}\n` : '';
  return `${head}It may be ${counted(candidatesTotal, 'contact')}:\n${table}${more}`;
}

export function liveText(
  { contacts, askedAt }: { contacts: readonly LiveContact[]; askedAt: string },
  { io }: Invocation,
): string {
  const when = relativeTime(askedAt, io.now());
  if (contacts.length === 0) return `\nSalesforce (${when}): there is no contact to look at.\n`;
  const lines = contacts.map(({ id, isGone, values }) => {
    if (isGone) return `  ${id ?? 'its contact'}: not there, deleted or hidden from this user`;
    const shown = Object.entries(values).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    return `  ${id}: ${shown.join(', ')}`;
  });
  return `\nSalesforce (${when}):\n${lines.join('\n')}\n`;
}
