import type { Actor } from '../../engine/actor.ts';
import { currentRow, isVisible, type OrgState, rowKey } from '../../engine/org-state.ts';
import type { SaveError } from '../../engine/save-result.ts';
import type { Field } from '../../schema/field.ts';
import { saveError } from './value-error.ts';

/** Whether a reference's target may be referred to: of the right object, there, not deleted, visible, active. */
export function referenceError(
  state: OrgState,
  actor: Actor,
  field: Field,
  id: string,
): SaveError | undefined {
  const target = state.schema.ofId(id);
  const { label, referenceTo } = field.document;
  if (!target || !referenceTo.some((name) => name.toLowerCase() === target.name.toLowerCase())) {
    return saveError('MALFORMED_ID', `${label}: id value of incorrect type: ${id}`, field.name);
  }
  const key = rowKey(state, id);
  const row = key && isVisible(state, key, actor.userId) ? currentRow(state, key) : undefined;
  if (!row) return saveError('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', field.name);
  if (row.IsDeleted) return saveError('ENTITY_IS_DELETED', 'entity is deleted', field.name);
  if (field.name === 'OwnerId' && row.IsActive === 0) {
    return saveError(
      'INACTIVE_OWNER_OR_USER',
      `operation performed with inactive user [${id}] as owner`,
      field.name,
    );
  }
  return undefined;
}
