import type { Settlement } from '../../ports/outbox-entry.ts';

/** Told the keys of entries that have a final answer. */
export type OnSettled = (keys: readonly string[]) => Promise<void>;

export async function tellSettled(settlements: readonly Settlement[], onSettled?: OnSettled): Promise<void> {
  const keys = settlements
    .filter(({ state }) => state === 'done' || state === 'rejected')
    .map(({ key }) => key);
  if (keys.length > 0) await onSettled?.(keys);
}
