import { fullId, isGivenIdOf, isTornId } from '../../../org/record-id.ts';
import type { SyncedObject } from '../../../org/synced-object.ts';
import type { OutboxOp } from '../../ports/outbox-entry.ts';
import type { StagingFault } from '../../ports/outbox-staging.ts';
import { quoted } from '../values/typed.ts';
import { booleanOf } from '../values/typed-value.ts';
import { isBlank } from './blank-value.ts';
import type { Columns } from './columns.ts';
import type { RecordCheck } from './record-check.ts';

type Members = RecordCheck['members'];

/** Says by a record's `Id` and `IsDeleted` what is to become of which record of the org. */
export class RecordTarget {
  readonly #columns: Columns;
  readonly #object: SyncedObject;
  readonly #isGroup: boolean;
  readonly #grouped = new Set<string>();

  /** `isGroup`: all records go into one request, which takes each record of the org once. */
  constructor(columns: Columns, object: SyncedObject, isGroup: boolean) {
    this.#columns = columns;
    this.#object = object;
    this.#isGroup = isGroup;
  }

  #valueOf(members: Members, kind: 'id' | 'is-deleted'): unknown {
    for (const member of members) if (this.#columns.of(member[0]).kind === kind) return member[1];
    return undefined;
  }

  opOf(members: Members): OutboxOp {
    if (isBlank(this.#valueOf(members, 'id'))) return 'create';
    return booleanOf(this.#valueOf(members, 'is-deleted')) === true ? 'delete' : 'update';
  }

  idOf({ record, members, op, faults }: RecordCheck): string | null {
    const given = this.#valueOf(members, 'id');
    if (op === 'create') {
      if (given === null && record.untyped) faults.push(idFault('#N/A clears a field, and no Id'));
      return null;
    }
    const id = typeof given === 'string' ? given.trim() : '';
    if (!isGivenIdOf(this.#object.keyPrefix, id)) {
      faults.push(idFault(`${quoted(given)} is not the Id of ${this.#object.nouns.anyOne}`));
      return null;
    }
    const full = fullId(id);
    if (isTornId(id)) {
      faults.push(idFault(`${quoted(given)} is not whole: its last three characters belong to another Id`));
      return null;
    }
    if (this.#isGroup) {
      if (this.#grouped.has(full)) {
        const message = `${full} stands in the input twice, and one request takes ${this.#object.nouns.anyOne} once.`;
        faults.push({ field: 'Id', code: 'GIVEN_TWICE', message });
      }
      this.#grouped.add(full);
    }
    return full;
  }
}

function idFault(why: string): StagingFault {
  return { field: 'Id', code: 'MALFORMED_ID', message: `${why}.` };
}
