import type { Connection } from '../../../sqlite/connection.ts';
import { commitStaging, endPush } from '../commit-staging.ts';
import { withSmallCache } from '../connection.ts';
import { ensureLookup } from '../contact-lookup.ts';
import { ensureIndices } from '../contact-schema.ts';
import { applyDescribe, confirmDescribe } from '../describe-records.ts';
import { writeIdentity } from '../identity-records.ts';
import { writeMeta } from '../meta.ts';
import { insertEntries, markEntriesSent, moveEntries, settleEntries } from '../outbox-records.ts';
import { replaceContents } from '../replace-contents.ts';
import { insertRun } from '../run-records.ts';
import { extendSearchIndex } from '../search-index.ts';
import { damaged } from '../sqlite-fault.ts';
import { addApiCalls, saveReportedUsage } from '../usage-records.ts';
import { inDurableTransaction, inTransaction } from './transaction.ts';
import { withAttached } from './with-attached.ts';

type Statement<A extends readonly unknown[], R> = (db: Connection, ...args: A) => R;

const once =
  <A extends readonly unknown[], R>(statement: Statement<A, R>): Statement<A, R> =>
  (db, ...args) =>
    inTransaction(db, () => statement(db, ...args));

/** On disk before it returns. */
const durable =
  <A extends readonly unknown[], R>(statement: Statement<A, R>): Statement<A, R> =>
  (db, ...args) =>
    inDurableTransaction(db, () => statement(db, ...args));

const inSmallCache =
  <A extends readonly unknown[], R>(statement: Statement<A, R>): Statement<A, R> =>
  (db, ...args) =>
    withSmallCache(db, () => statement(db, ...args));

/** What the writer thread can be asked to do with one mirror, besides its pages: each is one transaction. */
export const calls = {
  writeIdentity: once(writeIdentity),
  applyDescribe: once(applyDescribe),
  confirmDescribe: once(confirmDescribe),
  ensureIndices: inSmallCache(once(ensureIndices)),
  ensureLookup: inSmallCache(once(ensureLookup)),
  extendSearchIndex: once(extendSearchIndex),
  insertRun: once(insertRun),
  addApiCalls: once(addApiCalls),
  saveReportedUsage: once(saveReportedUsage),
  writeMeta: once(writeMeta),
  assertSound,
  /** `path` is a complete copy, which is put in place of the contents. */
  replaceContents: withAttached('fresh', once(replaceContents)),

  /** `path` is the staging file, whose records are all in. */
  commitStaging: withAttached('staging', durable(commitStaging)),
  endPush: once(endPush),
  insertEntries: durable(insertEntries),
  markEntriesSent: durable(markEntriesSent),
  settleEntries: durable(settleEntries),
  moveEntries: durable(moveEntries),
} as const;

/** Throws `MIRROR_CORRUPT`. Reads the whole file. */
function assertSound(db: Connection): void {
  const fault = db.pragma('quick_check(1)', { simple: true });
  if (fault !== 'ok') throw damaged(db.name, String(fault));
}
