import type { OutboxEntry } from '../ports/outbox-entry.ts';
import type { BasePoint, LostWrite, OwnWrite } from '../ports/own-write.ts';

type Values = Readonly<Record<string, unknown>>;
type Edit = Pick<OutboxEntry, 'seq' | 'op' | 'changes' | 'base' | 'baseAt'>;

/**
 * What the edit is based on now: of a field to which this outbox has written since the base was taken, the value that
 * Salesforce has of that. A write that came behind the edit is none of these: the edit is older, and must not undo it. `writes`:
 * those to its contact, in the order in which they were done. Pure.
 */
export function baseNow(edit: Edit, writes: readonly OwnWrite[]): OutboxEntry['base'] {
  if (edit.op === 'delete' && edit.base === null) return null;
  const base: Record<string, unknown> = { ...edit.base };
  // A creation stands before all else, and may be told as done long after its contact was seen.
  for (const { isCreation, order, sent, became } of writes) {
    if (!isCreation) continue;
    for (const name of namesIn(edit, sent)) {
      const isSeen = name in base;
      const isOfIt = isSeen
        ? base[name] === sent[name] && order > (pointOf(edit, name)?.done ?? 0)
        : edit.op !== 'delete';
      if (isOfIt) base[name] = nowOf(name, { sent, became });
    }
  }
  for (const { isCreation, seq, order, sent, became } of writes) {
    if (isCreation) continue;
    for (const name of namesIn(edit, sent)) {
      const point = pointOf(edit, name);
      if (point !== undefined && order > point.done && seq <= point.seq)
        base[name] = nowOf(name, { sent, became });
    }
  }
  return Object.keys(base).length === 0 ? edit.base : base;
}

/**
 * Whether a request without an answer may have written this value to the field, before the edit and behind all that was done
 * (`done`: the `seq` of the last write to the field, -1 where there is none). What was over when the base was taken is in that.
 * Pure.
 */
export function mayHaveWritten(
  edit: Edit,
  name: string,
  { lost, done, isSame }: { lost: readonly LostWrite[]; done: number; isSame(value: unknown): boolean },
): boolean {
  const point = pointOf(edit, name);
  // A field may have been edited before the entry that it goes with now, and that one's own requests count all the same.
  const last = point?.seq ?? edit.seq;
  return lost.some(
    ({ seq, values, overAt }) =>
      seq > done &&
      (seq <= last || seq === edit.seq) &&
      !(overAt !== null && (point?.knownTo ?? 0) >= overAt) &&
      values.some((sent) => name in sent && isSame(sent[name])),
  );
}

/** How many writes the base of every field knows of; fewer where fields differ. */
export function firstPoint({ baseAt }: Pick<Edit, 'baseAt'>): number {
  return Math.min(...Object.values(baseAt ?? {}).map(({ done }) => done));
}

function pointOf({ baseAt }: Edit, name: string): BasePoint | undefined {
  return baseAt?.[name] ?? baseAt?.[''];
}

function nowOf(name: string, { sent, became }: Pick<OwnWrite, 'sent' | 'became'>): unknown {
  return name in became ? became[name] : sent[name];
}

function namesIn({ op, changes }: Edit, sent: Values): string[] {
  return Object.keys(sent).filter((name) => op === 'delete' || name in changes);
}
