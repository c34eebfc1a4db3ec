import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { seenGone } from '../../two-way/plan-edit.ts';
import type { FoundContact } from './doubt-verdict.ts';

type Values = Record<string, unknown>;

/**
 * What an entry meets, so that a person's decision for it holds against that and nothing later; see `EditPlan`. A push is based on
 * nothing: where its contact is gone, what the mirror knew before tells whether it comes back as it was.
 */
export function baseFound(
  { op, local, base, changes, knownBefore }: OutboxEntry,
  found: FoundContact,
): Values {
  const before = base ?? (local ? null : (knownBefore?.values ?? null));
  if (found.kind === 'gone') return { ...before, ...seenGone };
  if (op === 'delete') return found.values;
  const { IsDeleted: _wasGone, ...last } = base ?? {};
  return { ...last, ...Object.fromEntries(Object.keys(changes).map((name) => [name, found.values[name]])) };
}
