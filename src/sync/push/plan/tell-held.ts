import type { SyncContext } from '../../context.ts';

export function tellHeld(
  { log, remote }: Pick<SyncContext, 'log' | 'remote'>,
  { heldDeletes, heldEdits }: { heldDeletes: number; heldEdits: number },
): void {
  for (const [held, what] of [
    [heldDeletes, 'deletes'],
    [heldEdits, 'edits'],
  ] as const) {
    if (held === 0) continue;
    log.warn(
      `${remote.instanceUrl}: ${held.toLocaleString('en-US')} ${what}: with all that wait, that is much at once. They are held until \`parahack-sync outbox approve --all\` releases them.`,
    );
  }
}
