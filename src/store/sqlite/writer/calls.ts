import type { Connection } from '../../../sqlite/connection.ts';
import type { Fence } from '../../write-kinds.ts';
import { askReconcile, noteAsked } from '../asked-records.ts';
import { commitStaging, draftStaging, endPush, refuseStaged } from '../commit-staging.ts';
import { withSmallCache } from '../connection.ts';
import { ensureLookup } from '../contact-lookup.ts';
import { ensureIndices, setTwoWay } from '../contact-schema.ts';
import { decideEdits } from '../decide-edits.ts';
import { applyDescribe, confirmDescribe } from '../describe-records.ts';
import { forgetFormerCalls } from '../former-calls.ts';
import { holdMuch } from '../hold-much.ts';
import { writeIdentity } from '../identity-records.ts';
import { noteLost } from '../lost-requests.ts';
import { writeMeta } from '../meta.ts';
import { insertEntries, moveEntries, noteDoubts } from '../outbox-records.ts';
import { replaceContents } from '../replace-contents.ts';
import { insertRun } from '../run-records.ts';
import { lackOf } from '../schema-lacks.ts';
import { extendSearchIndex } from '../search-index.ts';
import { storeSendSteps } from '../send-records.ts';
import { damaged, lacking } from '../sqlite-fault.ts';
import { takeTheirs } from '../take-theirs.ts';
import { inTransaction } from './transaction.ts';

type Statement<A extends readonly unknown[], R> = (db: Connection, ...args: A) => R;

/** One transaction, whose last statement checks the fences. */
type Call<A extends readonly unknown[], R> = (db: Connection, fences: readonly Fence[], ...args: A) => R;

const once =
  <A extends readonly unknown[], R>(statement: Statement<A, R>): Call<A, R> =>
  (db, fences, ...args) =>
    inTransaction(db, fences, () => statement(db, ...args));

/** On disk before it returns. */
const durable =
  <A extends readonly unknown[], R>(statement: Statement<A, R>): Call<A, R> =>
  (db, fences, ...args) =>
    inTransaction(db, fences, () => statement(db, ...args), { durable: true });

const inSmallCache =
  <A extends readonly unknown[], R>(call: Call<A, R>): Call<A, R> =>
  (db, fences, ...args) =>
    withSmallCache(db, () => call(db, fences, ...args));

/** With the file at `path`, which is attached as `name`. */
const withFile =
  <A extends readonly unknown[], R>(
    name: 'fresh' | 'staging',
    statement: Statement<A, R>,
    { durable = false }: { durable?: boolean } = {},
  ): Call<[path: string, ...args: A], R> =>
  (db, fences, path, ...args) =>
    inTransaction(db, fences, () => statement(db, ...args), { attach: { name, path }, durable });

/** What the writer thread can be asked to do with one mirror, besides its pages. */
export const calls = {
  /** From here on every transaction with a lower fence fails, whether or not anything else is written under this one. */
  claimLease: once(() => {}),
  writeIdentity: once(writeIdentity),
  applyDescribe: once(applyDescribe),
  confirmDescribe: once(confirmDescribe),
  ensureIndices: inSmallCache(once(ensureIndices)),
  ensureLookup: inSmallCache(once(ensureLookup)),
  extendSearchIndex: once(extendSearchIndex),
  insertRun: once(insertRun),
  askReconcile: once(askReconcile),
  noteAsked: once(noteAsked),
  forgetFormerCalls: once(forgetFormerCalls),
  writeMeta: once(writeMeta),
  setTwoWay: durable(setTwoWay),
  /** Reads alone. */
  assertSound,
  /** `path` is a complete copy, which is put in place of the contents. */
  replaceContents: withFile('fresh', replaceContents),

  /** `path` is the staging file, whose records are all in. */
  commitStaging: withFile('staging', commitStaging, { durable: true }),
  draftStaging: withFile('staging', draftStaging),
  refuseStaged: withFile('staging', refuseStaged),
  endPush: once(endPush),
  insertEntries: durable(insertEntries),
  storeSendSteps: durable(storeSendSteps),
  noteDoubts: durable(noteDoubts),
  noteLost: durable(noteLost),
  moveEntries: durable(moveEntries),
  takeTheirs: durable(takeTheirs),
  decideEdits: durable(decideEdits),
  holdMuch: durable(holdMuch),
} as const;

/** Throws `MIRROR_CORRUPT`. Reads the whole file. */
function assertSound(db: Connection): void {
  const fault = db.pragma('quick_check(1)', { simple: true });
  if (fault !== 'ok') throw damaged(db.name, String(fault));
  const lack = lackOf(db);
  if (lack !== null) throw lacking(db.name, lack);
}
