import type { SyncedObject } from '../../../org/synced-object.ts';
import type { StagingFault } from '../../ports/outbox-staging.ts';
import { quoted } from '../values/typed.ts';

/** So many of a header's names make it known again. */
const namedColumns = 5;

/** The names tell most to whoever sees that they are a record's values. */
export function sayNoHeader(faults: StagingFault[], header: readonly string[], object: SyncedObject): void {
  const at = Math.max(
    0,
    faults.findIndex(({ code }) => code === 'UNKNOWN_FIELD'),
  );
  const first = faults[at];
  if (first === undefined) return;
  const names = header.slice(0, namedColumns).map((name) => quoted(name));
  const more = header.length > namedColumns ? ', …' : '';
  const why = `${object.name} has no field of any name in the first row (${names.join(', ')}${more}), which does not look like a header.`;
  faults[at] = { ...first, message: `${first.message} ${why}` };
}
