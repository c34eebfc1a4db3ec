import type { Logger } from '../../../base/logger.ts';

export function tellHeld(
  log: Pick<Logger, 'warn'>,
  { heldDeletes, heldEdits }: { heldDeletes: number; heldEdits: number },
): void {
  for (const [held, what] of [
    [heldDeletes, 'deletes'],
    [heldEdits, 'edits'],
  ] as const) {
    if (held === 0) continue;
    log.warn(
      `${held.toLocaleString('en-US')} ${what}: with all that wait, that is much at once. They are held until \`parahack-sync outbox approve --all\` releases them.`,
    );
  }
}
