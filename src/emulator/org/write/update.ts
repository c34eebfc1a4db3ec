import type { Actor } from '../../engine/actor.ts';
import type { OrgState } from '../../engine/org-state.ts';
import type { RecordInput, SaveResult, WriteOptions } from '../../engine/save-result.ts';
import { normalizeId } from '../../schema/record-id.ts';
import { failure, updateRecord, writeEach } from './dml.ts';
import { saveError } from './value-error.ts';

/**
 * "This call checks a batch for duplicate Id values, and if there are duplicates, the first 12 are processed"
 * (SOAP API, update()). All repetitions of the batch count together (help 000386990).
 */
const REPETITIONS_AT_MOST = 12;

/** Updates one record after the other; what is named again is written again, up to the documented number. */
export function updateRecords(
  state: OrgState,
  actor: Actor,
  inputs: readonly RecordInput[],
  options: WriteOptions,
): SaveResult[] {
  const seen = new Set<string>();
  let repetitions = 0;
  return writeEach(state, inputs, options, (input) => {
    const id = idOf(input);
    if (id !== undefined && seen.has(id) && ++repetitions > REPETITIONS_AT_MOST) {
      return failure([
        saveError(
          'DUPLICATE_VALUE',
          `Maximum number of duplicate updates in one batch (${REPETITIONS_AT_MOST} allowed). Attempt to update Id more than once in this Api call: ${id}`,
        ),
      ]);
    }
    if (id !== undefined) seen.add(id);
    return updateRecord(state, actor, input, options);
  });
}

function idOf({ fields }: RecordInput): string | undefined {
  const id = Object.entries(fields).find(([name]) => name.toLowerCase() === 'id')?.[1];
  return typeof id === 'string' ? normalizeId(id) : undefined;
}
