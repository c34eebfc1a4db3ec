import { throwIfAborted } from '../../../base/abort.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { type ContactNames, contactNames } from '../entry/contact-names.ts';
import { ContactLine } from '../plan/contact-line.ts';
import type { HeldBack } from '../plan/held-back.ts';
import type { LostOfDrain } from '../plan/lost-of-drain.ts';
import { openPages } from '../plan/open-pages.ts';
import { type Blocks, planPage } from '../plan/plan-page.ts';
import type { PlannedRequest } from '../plan/plan-requests.ts';
import { tellHeld } from '../plan/tell-held.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import type { ReadBehind } from '../read-back/read-behind.ts';
import { settleExpired } from '../settle/recover.ts';
import { checkContacts } from './check-contacts.ts';
import { leaveOutGone } from './leave-out-gone.ts';
import { leaveOutRestored } from './leave-out-restored.ts';
import type { SendOptions } from './send-options.ts';
import { sendPlanned } from './send-planned.ts';
import { type Page, sideBySide } from './side-by-side.ts';

/** Each settles at least the first of what stands in line; programs may go on editing for ever. */
const mostPasses = 20;

export type DrainSending = SendOptions & { behind: ReadBehind; lost: LostOfDrain };

/** What keeps entries back in one pass. */
interface Pass {
  line: ContactLine;
  blocks: Blocks;
}

/** A request, with how its page names contacts. */
type PagedRequest = PlannedRequest & { namesOf: ContactNames };

/**
 * Sends all open entries as far as they may go, without those that are `heldBack`; answers why it ended early, null where
 * it did not.
 */
export async function sendAll(
  context: SyncContext,
  progress: DrainProgress,
  options: DrainSending,
  heldBack?: HeldBack,
): Promise<Error | null> {
  for (let pass = 1; ; pass++) {
    const line = new ContactLine();
    progress.beginPass();
    const blocks = heldBack?.before(progress) ?? progress;
    const stopped = await sendPass(context, progress, { line, blocks }, options);
    if (stopped !== null || line.deferred === 0) return stopped;
    if (pass < mostPasses) continue;
    progress.unsent += line.deferred;
    return null;
  }
}

/**
 * Goes through all open entries once, in their order. Those that a person has to decide about are passed, and keep
 * back what follows of the same contacts.
 */
async function sendPass(
  context: SyncContext,
  progress: DrainProgress,
  pass: Pass,
  options: DrainSending,
): Promise<Error | null> {
  await sideBySide(
    requestPages(context, progress, pass, options.lost),
    (planned, release) =>
      sendOne(context, planned, progress, { ...options, line: pass.line, onGoodAnswer: release }),
    {
      width: () => progress.width.current,
      isOver: () => progress.stopped !== null || options.signal.aborted,
    },
  );
  throwIfAborted(options.signal);
  return progress.stopped;
}

/** The next page is read while requests of the last ones are under way. */
async function* requestPages(
  context: SyncContext,
  progress: DrainProgress,
  { line, blocks }: Pass,
  lost: LostOfDrain,
): AsyncGenerator<Page<PagedRequest>> {
  const { outbox } = context.mirror;
  const pages = openPages(outbox, async () => {
    // Programs may have asked for more since the last page.
    const much = await outbox.holdMuch(context.sizes.outgoingBrake);
    tellHeld(context, much);
    progress.held += much.heldDeletes + much.heldEdits;
    return line.beginPage();
  });
  for await (const { listed, begun } of pages) {
    const namesOf = await contactNames(context, listed);
    const entries = await settleExpired(context, listed);
    const own = (await lost.behind(context)).before(blocks, progress);
    const how = { namesOf, blocks: own, line: begun, idempotent: progress.idempotent };
    const planned = await planPage(context, entries, how);
    // An org that takes no Idempotency-Keys says so to one request in place of eight.
    if (planned[0]?.way === 'ui-api') progress.width.beginAlone();
    yield { pieces: planned.map((request) => ({ ...request, namesOf })), onEnd: begun.end };
  }
}

async function sendOne(
  context: SyncContext,
  { namesOf, ...planned }: PagedRequest,
  progress: DrainProgress,
  { behind, line, ...options }: DrainSending & { line: ContactLine; onGoodAnswer: () => void },
): Promise<void> {
  // What could not be sent since the plan was made keeps later changes of the same contact back.
  const entries: OutboxEntry[] = [];
  const blocks = (await options.lost.behind(context)).before(progress, progress);
  for (const unit of planned.allOrNone ? [planned.entries] : planned.entries.map((entry) => [entry])) {
    const reason = blocks.blockReason(unit, namesOf);
    if (reason === null) entries.push(...unit);
    else blocks.block(unit, namesOf, reason);
  }
  const unmade = await leaveOutRestored(context, entries, progress, options);
  // What waited for them can go in the next pass.
  line.deferred += entries.length - unmade.length;
  const checked = await checkContacts(context, unmade, progress, options);
  progress.blocked.add(checked.conflicts, namesOf, 'conflict');
  // All of them are sent, or none.
  if (planned.allOrNone && checked.conflicts.length > 0) {
    blocks.block(checked.left, namesOf, 'conflict');
    return;
  }
  // What goes to another contact than it was planned for stands in line with that one's changes, in the next pass.
  const ids = new Map(entries.map(({ key, contactId }) => [key, contactId]));
  const staying = checked.left.filter(({ key, contactId }) => ids.get(key) === contactId);
  line.deferred += checked.left.length - staying.length;
  const parted = await leaveOutGone(context, staying, progress, options);
  line.deferred += parted.behind;
  if (parted.left.length === 0) return;
  const request = { ...planned, entries: parted.left };
  const { unfinished, conflicts, deferred } = await sendPlanned(context, request, progress, options);
  line.deferred += deferred;
  behind.look(progress.written);
  progress.blocked.add(unfinished, namesOf, 'unsent');
  progress.blocked.add(conflicts, namesOf, 'conflict');
}
