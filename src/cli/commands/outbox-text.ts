import { whyAllHeld, whyHeld } from '../../base/why-held.ts';
import type { OutboxEntryView, OutboxListResult, OutboxShowResult } from '../../contract/outbox.ts';
import type { PushError } from '../../contract/push.ts';
import type { SendWay } from '../../contract/send-way.ts';
import { eachBatch } from '../each-batch.ts';
import type { Invocation } from '../invocation.ts';
import { errorReason } from '../render/error-reason.ts';
import { renderFacts } from '../render/facts.ts';
import { count, counted } from '../render/quantity.ts';
import { relativeTime } from '../render/relative-time.ts';
import { renderLongTable } from '../render/table.ts';
import { doubtText, liveText } from './outbox-doubt-text.ts';
import { behindText } from './outbox-waits-text.ts';

/** Entries as a table; what tells them apart comes first, since a narrow terminal shows no more than that. */
export async function* outboxTable(
  { total, batches }: OutboxListResult,
  { terminal, messages, io, orgNames }: Invocation,
  { filtered }: { filtered: boolean },
): AsyncGenerator<string> {
  if (total === 0) {
    yield filtered ? 'No entry is in such a state.\n' : 'The outbox is empty.\n';
    return;
  }
  let entries = 0;
  const table = renderLongTable(
    ['KEY', 'STATE', 'CONTACT', 'DOES', 'ERROR', 'FIELDS', 'AGE', 'ORG'].map((title) => ({
      title,
      key: title === 'KEY',
    })),
    () => {
      entries = 0;
      return eachBatch(batches(), (entry) => {
        entries++;
        return [
          entry.key,
          entry.state,
          contactOf(entry),
          entry.op,
          orgNames.inSentence(reasonOf(entry), entry.instanceUrl),
          entry.fields.join(', '),
          relativeTime(entry.createdAt, io.now()),
          orgNames.of(entry.instanceUrl),
        ];
      });
    },
    { ...terminal, rest: orgNames.inCommands(restText) },
  );
  const first = await table.next();
  if (total > entries)
    messages.say(`${count(entries)} of ${counted(total, 'entry', 'entries')}; see more with --limit.`);
  if (first.done) return;
  yield first.value;
  yield* table;
}

const restText = '`parahack-sync outbox show KEY` tells one entry whole, --json all of them.';

const wayText: Readonly<Record<SendWay, string>> = {
  'ui-api': 'alone, by the UI API with its key as Idempotency-Key',
  collection: 'in a collection',
  upsert: 'as an upsert in a collection',
  bulk: 'in a bulk ingest job',
};

/** One entry with the values that it sets. */
export function entryText({ entry, salesforce }: OutboxShowResult, call: Invocation): string {
  const { terminal, io, orgNames } = call;
  const way = wayOf(entry);
  const steps: [string, string][] = [
    ...(entry.waitsForRequestOf === null ? [] : [waitFact(entry.waitsForRequestOf, entry.key)]),
    ...(entry.waitsFor.length === 0
      ? []
      : [['waits', behindText(entry.waitsFor)] satisfies [string, string]]),
    ...decideFacts(entry),
  ];
  const facts: [string, string][] = [
    ['org', orgNames.of(entry.instanceUrl)],
    ['state', entry.state],
    ['does', entry.upsertField === null ? entry.op : `${entry.op} by ${entry.upsertField}`],
    ['contact', contactOf(entry)],
    ['Id', entry.contactId ?? 'none yet'],
    ['made', `${entry.createdAt}, ${relativeTime(entry.createdAt, io.now())}`],
    ['sent', sentText(entry)],
    ...(entry.state === 'pending' && entry.sentAt !== null ? [perhapsFact(entry)] : []),
    ...steps.map(([what, step]): [string, string] => [what, orgNames.inCommands(step, entry.instanceUrl)]),
    ...(way === null ? [] : [['way', way] satisfies [string, string]]),
    ...(entry.settledAt === null ? [] : [['settled', entry.settledAt] satisfies [string, string]]),
    ...entry.errors.flatMap(errorFacts),
  ];
  const changes = entry.fields.map((field) => [field, changeText(entry, field)] satisfies [string, string]);
  const values = changes.length === 0 ? '' : `\n${renderFacts(changes, terminal.style)}`;
  const doubt = entry.doubt === null ? '' : doubtText(entry.doubt, entry.state, call);
  const live = salesforce === null ? '' : liveText(salesforce, call);
  return `${terminal.style.bold(entry.key)}\n${renderFacts(facts, terminal.style)}${values}${doubt}${live}`;
}

/** What is let out again, as by `outbox retry --in-doubt`, counts as never sent, and keeps how often it was. */
function sentText({ sentAt, attempts }: OutboxShowResult['entry']): string {
  if (sentAt !== null) return `${sentAt}, ${counted(attempts, 'time')}`;
  return attempts === 0 ? 'never' : `not since it was let out again; ${counted(attempts, 'time')} before`;
}

/** Of one that waits again, though an answer to an earlier sending never came. */
function perhapsFact({ way, op }: OutboxShowResult['entry']): [string, string] {
  const next =
    way === 'ui-api' && op === 'create'
      ? 'it is sent again with its key, by which Salesforce makes it once'
      : 'its contact is looked at before it is sent again';
  return ['perhaps', `an earlier request got no answer and may have been carried out: ${next}`];
}

/** What a person decides about the entry itself. */
function decideFacts({ key, state }: OutboxShowResult['entry']): [string, string][] {
  if (state === 'held') return [['decide', whyHeld({ approve: key, drop: key })]];
  if (state !== 'conflict') return [];
  const local = `\`parahack-sync outbox retry ${key} --take local\` sends it`;
  const theirs = `\`parahack-sync outbox retry ${key} --take salesforce\` leaves what Salesforce has`;
  return [['decide', `${local}, ${theirs}`]];
}

function waitFact(before: string, key: string): [string, string] {
  const whose = before === key ? 'an earlier request of its own' : `the request of ${before}`;
  const end = `\`parahack-sync outbox settle ${before} --not-sent\` ends the wait where you know that it will not be carried out`;
  return ['waits', `for ${whose}, which got no answer, until Salesforce has said that it is over; ${end}`];
}

/** The error, and a line for each contact that the entry is a duplicate of. */
function errorFacts({ code, message, fields, duplicates }: PushError): [string, string][] {
  return [
    ['error', `${code}: ${message}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}`],
    ...duplicates.map(({ id, name, email }): [string, string] => {
      const who = name !== null && email !== null ? `${name} <${email}>` : (name ?? email);
      return ['duplicate of', `${id}, ${who ?? 'which the mirror does not have'}`];
    }),
  ];
}

/** How it was sent, else how it is to go; null where nobody has said so. */
function wayOf({ way, api }: OutboxShowResult['entry']): string | null {
  if (way !== null) return wayText[way];
  if (api === null) return null;
  return api === 'bulk' ? 'to go in a bulk ingest job' : 'to go in a collection';
}

/** Whose each value is, where the edit was in conflict and Salesforce had another one than it was edited from. */
function changeText({ changes, base, found, state }: OutboxShowResult['entry'], field: string): string {
  const here = valueText(changes[field]);
  const before = base === null || !(field in base) ? null : valueText(base[field]);
  if (found !== null && field in found && valueText(found[field]) !== before) {
    const has = state === 'conflict' ? 'has' : 'had';
    // A push was edited from nothing.
    const from = base === null ? '' : ` edited from ${before ?? 'what is not known'};`;
    return `here ${here};${from} Salesforce ${has} ${valueText(found[field])}`;
  }
  return before === null ? here : `${here} (was ${before})`;
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function contactOf({ contact: { name, email }, contactId }: OutboxEntryView): string {
  if (name !== null && email !== null) return `${name} <${email}>`;
  return name ?? email ?? contactId ?? '-';
}

/** Why it is not sent; empty where nothing is known that keeps it. */
function reasonOf({ errors, state }: OutboxEntryView): string {
  return [...(state === 'held' ? [whyAllHeld] : []), ...errors.map(errorReason)].join('; ');
}
