import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { type Checked, checkDecided } from './check-decided.ts';
import { checkEdits } from './check-edits.ts';

/**
 * Looks, right before entries are sent, at the contacts of those that must not go over what others have written: edits of programs,
 * and changes that were in conflict before. Throws where Salesforce cannot be asked.
 */
export async function checkContacts(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  progress: DrainProgress,
  options: { signal: AbortSignal },
): Promise<Checked> {
  const edits = await checkEdits(context, entries, progress, options);
  const pushes = await checkDecided(context, edits.left, progress, options);
  return { left: pushes.left, conflicts: [...edits.conflicts, ...pushes.conflicts] };
}
