import fc from 'fast-check';

/**
 * A plain model of an org with few contacts, and of reads that take their time. Instants are milliseconds;
 * SystemModstamp is their whole second, as in Salesforce.
 */
export type Happening =
  | 'create'
  | 'update'
  | 'formula'
  | 'delete'
  | 'merge'
  | 'undelete'
  | 'purge'
  | 'hide'
  | 'show';

export interface OrgContact {
  state: 'live' | 'deleted' | 'merged' | 'purged';
  hidden: boolean;
  value: number;
  stamp: number;
}

/** What one read saw of one contact at its snapshot. */
export interface Sight {
  contact: number;
  seen: OrgContact;
}

export interface Read {
  /** `live`: rows as a query gives them. `all`: queryAll rows, deleted ones too. `gone`: tombstones. */
  kind: 'live' | 'all' | 'gone';
  sent: number;
  answered: number;
  sights: Sight[];
}

export interface History {
  reads: Read[];
  /** The org's truth at the end. */
  end: Map<number, OrgContact>;
}

export const contacts = 3;
/** Several things happen within one second, so that equal stamps abound. */
const stepMs = 250;

interface Step {
  contact: number;
  what: Happening;
}

interface PlannedRead {
  kind: Read['kind'];
  sentStep: number;
  snapshotAfter: number;
  answeredAfter: number;
  which: number[];
}

function happens(org: Map<number, OrgContact>, { contact, what }: Step, at: number): void {
  const known = org.get(contact);
  const stamp = Math.floor(at / 1_000) * 1_000;
  if (known === undefined) {
    if (what === 'create') org.set(contact, { state: 'live', hidden: false, value: at, stamp });
    return;
  }
  const next = { ...known };
  const isGone = known.state === 'deleted' || known.state === 'merged';
  if (what === 'update' && known.state === 'live') Object.assign(next, { value: at, stamp });
  if (what === 'formula' && known.state === 'live') next.value = at;
  if (what === 'delete' && known.state === 'live') Object.assign(next, { state: 'deleted', stamp });
  if (what === 'merge' && known.state === 'live') Object.assign(next, { state: 'merged', stamp });
  if (what === 'undelete' && isGone) Object.assign(next, { state: 'live', stamp });
  if (what === 'purge' && isGone) next.state = 'purged';
  if (what === 'hide') next.hidden = true;
  if (what === 'show') next.hidden = false;
  org.set(contact, next);
}

function play(steps: readonly Step[], planned: readonly PlannedRead[]): History {
  const org = new Map<number, OrgContact>();
  const snapshots: Map<number, OrgContact>[] = [new Map()];
  steps.forEach((step, i) => {
    happens(org, step, (i + 1) * stepMs);
    snapshots.push(new Map(org));
  });
  const look = ({ kind, sentStep, snapshotAfter, answeredAfter, which }: PlannedRead, n: number): Read => {
    const at = Math.min(sentStep + snapshotAfter, steps.length);
    // The org's clock gives each request an instant of its own, so no two reads are sent at the same one.
    const sent = Math.min(sentStep, steps.length) * stepMs + 1 + n;
    const answered = Math.max(sent, at * stepMs + answeredAfter * stepMs) + 100;
    const snapshot = snapshots[at]!;
    return { kind, sent, answered, sights: which.flatMap((contact) => sight(snapshot, contact, kind)) };
  };
  const reads = planned.map(look);
  const last = Math.max(steps.length * stepMs, ...reads.map(({ answered }) => answered)) + 1_000;
  const everyone = Array.from({ length: contacts }, (_, i) => i);
  const final = (kind: Read['kind']): Read => ({
    kind,
    sent: kind === 'live' ? last : last + 1,
    answered: last + 2,
    sights: everyone.flatMap((contact) => sight(org, contact, kind)),
  });
  return { reads: [...reads, final('live'), final('gone')], end: org };
}

function sight(org: ReadonlyMap<number, OrgContact>, contact: number, kind: Read['kind']): Sight[] {
  const seen = org.get(contact);
  if (seen === undefined) return [];
  const isLive = seen.state === 'live' && !seen.hidden;
  if (kind === 'live') return isLive ? [{ contact, seen }] : [];
  // A hidden or purged contact is in no answer; sync learns of it by asking for its Id.
  if (kind === 'all') return seen.hidden || seen.state === 'purged' ? [] : [{ contact, seen }];
  return isLive ? [] : [{ contact, seen }];
}

const contact = fc.nat(contacts - 1);
const happening = fc.constantFrom<Happening>(
  'create',
  'create',
  'update',
  'update',
  'formula',
  'delete',
  'merge',
  'undelete',
  'undelete',
  'purge',
  'hide',
  'show',
);

export const histories: fc.Arbitrary<History> = fc
  .tuple(
    fc.array(fc.record({ contact, what: happening }), { minLength: 1, maxLength: 14 }),
    fc.array(
      fc.record({
        kind: fc.constantFrom<Read['kind']>('live', 'live', 'all', 'gone'),
        sentStep: fc.nat(14),
        snapshotAfter: fc.nat(5),
        answeredAfter: fc.nat(5),
        which: fc.uniqueArray(contact, { minLength: 1 }),
      }),
      { maxLength: 8 },
    ),
  )
  .map(([steps, planned]) => play(steps, planned));

/** The reads in some order, some of them twice. */
export function shuffledReads(reads: readonly Read[]): fc.Arbitrary<Read[]> {
  return fc
    .tuple(fc.shuffledSubarray([...reads], { minLength: reads.length }), fc.shuffledSubarray([...reads]))
    .map(([once, again]) => [...once, ...again]);
}
