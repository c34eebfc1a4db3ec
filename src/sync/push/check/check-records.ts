import { orderedUuids } from '../../../base/ordered-uuids.ts';
import type { SyncedObject } from '../../../org/synced-object.ts';
import type { Field } from '../../ports/field.ts';
import type { StagingRecord } from '../../ports/outbox-staging.ts';
import { cellOf } from '../entry/bulk-row.ts';
import { type DecimalMark, NumberForms } from '../values/number-forms.ts';
import { quoted } from '../values/typed.ts';
import { booleanOf } from '../values/typed-value.ts';
import { isBlank, isEmptyCell } from './blank-value.ts';
import { type Columns, membersOf } from './columns.ts';
import { FieldSetter } from './field-setter.ts';
import { adviceFor, holdsRecordId, idOfUrl, recordIdInUrl } from './holds-record-id.ts';
import { IgnoredColumns } from './ignored-columns.ts';
import { comparable, type ParentName, type Parents } from './parents.ts';
import type { PushRecord } from './push-record.ts';
import type { RecordCheck } from './record-check.ts';
import { RecordTarget } from './record-target.ts';
import { sayNoHeader } from './strange-header.ts';
import { wrappedRecords } from './wrapped-records.ts';

export interface CheckOptions {
  /** What the records are to be. */
  object: SyncedObject;
  /** The external id field to upsert by. */
  upsert: Field | null;
  allowDuplicates: boolean;
  /** They go by ingest jobs, whatever their number. */
  byJob: boolean;
  ignoreUnknown: boolean;
  ignoreReadOnly: boolean;
  /** Take texts as they are that were read in a wrong encoding: a character was lost (U+FFFD), or is several now. */
  allowDamaged: boolean;
  /** How numbers are written in texts; null where the user has not said. */
  decimal: DecimalMark | null;
  /** All records in one request, all or none. */
  atomicGroup: string | null;
  /** Keep each record as it was given, for whoever wants the refused ones back. */
  keepGiven: boolean;
  now: number;
}

/**
 * Checks records against describe and turns each into what the outbox stores. All faults are found, not just the
 * first. What only the whole input can tell (a value given twice, an Id in some rows only) is not seen here.
 */
export class RecordChecker {
  readonly ignored = new IgnoredColumns();
  readonly numbers: NumberForms;
  readonly #columns: Columns;
  readonly #parents: Parents;
  readonly #options: CheckOptions;
  readonly #required: readonly Field[];
  readonly #target: RecordTarget;
  readonly #fields: FieldSetter;
  /** Headers of files, and whether they are made of names that the object does not have. */
  readonly #headers = new Map<readonly string[], boolean>();
  readonly #nextKey = orderedUuids();

  constructor(fields: readonly Field[], columns: Columns, parents: Parents, options: CheckOptions) {
    this.#columns = columns;
    this.#parents = parents;
    this.#options = options;
    this.numbers = new NumberForms(options.decimal);
    this.#target = new RecordTarget(columns, options.object, options.atomicGroup !== null);
    this.#fields = new FieldSetter(parents, this.numbers, this.ignored, options);
    this.#required = fields.filter(
      ({ createable, nillable, defaultedOnCreate, type }) =>
        createable && !nillable && !defaultedOnCreate && type !== 'boolean',
    );
  }

  async check(records: readonly PushRecord[], options: { signal: AbortSignal }): Promise<StagingRecord[]> {
    const all = records.map((record) => ({ record, members: membersOf(record.fields) }));
    const names = new Set<string>();
    for (const { members } of all) for (const member of members) names.add(member[0]);
    await this.#columns.prepare(names);
    for (const { header } of records)
      if (header !== undefined && !this.#headers.has(header)) await this.#lookAtHeader(header);
    // Most inputs name none, and each record is spared the look.
    const hasParents = [...names].some((name) => this.#columns.isParent(name));
    if (hasParents) await this.#parents.prepare(this.#parentNames(all), options);
    return all.map(({ record, members }) => this.#checkOne(record, members, hasParents));
  }

  async #lookAtHeader(header: readonly string[]): Promise<void> {
    await this.#columns.prepare(new Set(header));
    const isStrange = (name: string) => {
      const column = this.#columns.of(name);
      return column.kind === 'unknown' && column.meant === null;
    };
    this.#headers.set(header, header.length > 0 && header.every(isStrange));
  }

  *#parentNames(all: readonly Pick<RecordCheck, 'record' | 'members'>[]): Generator<ParentName> {
    for (const { record, members } of all) {
      for (const [name, value] of members) {
        const column = this.#columns.of(name);
        if (column.kind !== 'parent' || isEmptyCell(record, value)) continue;
        yield { column, value: this.numbers.read(record, column.by, value).value };
      }
    }
  }

  #checkOne(record: PushRecord, members: RecordCheck['members'], hasParents: boolean): StagingRecord {
    const { upsert, allowDuplicates, atomicGroup, keepGiven, now } = this.#options;
    const check: RecordCheck = {
      record,
      members,
      op: this.#target.opOf(members),
      changes: {},
      alike: null,
      faults: record.faults === undefined ? [] : [...record.faults],
    };
    // Parents after the record's own fields: an export has both, `AccountId` and `Account.Name`.
    for (const member of hasParents ? this.#parentsLast(members) : members)
      this.#takeMember(check, member[0], member[1]);
    if (check.op === 'create' && upsert === null) this.#requireFields(check);
    if (record.header !== undefined && this.#headers.get(record.header))
      sayNoHeader(check.faults, record.header, this.#options.object);
    const contactId = this.#target.idOf(check);
    if (record.readFrom !== undefined) this.#refuseCopy(check, record.readFrom);
    if (this.#namesNoField(check)) {
      const wrapped = wrappedRecords(record.fields, this.#options.object);
      // What else is said of it is said of no record.
      if (wrapped !== null) check.faults = [wrapped];
    }
    const uniqueValue = upsert === null ? null : uniqueValueOf(check, upsert);
    if (check.op === 'update' && Object.keys(check.changes).length === 0 && check.faults.length === 0) {
      check.faults.push({
        field: null,
        code: 'NOTHING_TO_CHANGE',
        message: 'The record names an Id and no field to change.',
      });
    }
    if (this.#options.byJob) refuseForJob(check);
    const key = this.#nextKey();
    const { source, index, line, fields } = record;
    return {
      source,
      index,
      line,
      entry: {
        key,
        op: check.op,
        contactKey: contactId ?? key,
        contactId,
        changes: check.changes,
        base: null,
        upsertField: upsert?.name ?? null,
        allowDuplicates,
        atomicGroup,
        createdAt: now,
      },
      uniqueValue,
      faults: check.faults,
      given: keepGiven ? fields : null,
      replaces: record.replaces ?? null,
      alike: check.alike,
    };
  }

  #parentsLast(members: RecordCheck['members']): RecordCheck['members'] {
    const isParent = ([name]: RecordCheck['members'][number]) => this.#columns.isParent(name);
    return [...members.filter((member) => !isParent(member)), ...members.filter(isParent)];
  }

  #namesNoField({ record, members, op }: RecordCheck): boolean {
    if (record.untyped || op === 'delete') return false;
    return members.every(([name]) => ['id', 'attributes', 'unknown'].includes(this.#columns.of(name).kind));
  }

  #takeMember(check: RecordCheck, name: string, value: unknown): void {
    const { record, op, faults } = check;
    const column = this.#columns.of(name);
    switch (column.kind) {
      case 'attributes':
        this.#takeAttributes(check, name, value);
        return;
      case 'id':
        this.#refuseSecond(check, name, 'id');
        return;
      case 'is-deleted':
        if (this.#refuseSecond(check, name, 'is-deleted')) return;
        if (op === 'delete' || isBlank(value) || booleanOf(value) === false) return;
        faults.push({
          field: name,
          code: op === 'create' ? 'NOT_CREATEABLE' : 'NOT_UPDATEABLE',
          message: `IsDeleted is true or false, and true stands beside the Id of the ${this.#options.object.nouns.one} to delete.`,
        });
        return;
      case 'unknown':
        if (op === 'delete') return;
        if (!this.#options.ignoreUnknown || record.mapped?.has(name)) {
          const message = adviceFor(name, value, column, this.#options.object);
          faults.push({ field: name, code: 'UNKNOWN_FIELD', message });
        } else if (
          op === 'create' &&
          this.#options.upsert === null &&
          holdsRecordId(name, value, this.#options.object)
        ) {
          const message = `${name} holds the Id of ${this.#options.object.nouns.anyOne}, and without it the record would be a second one: --map '${name}=Id' updates it, --map '${name}=' leaves the Id out.`;
          faults.push({ field: name, code: 'UNKNOWN_FIELD', message });
        } else if (recordIdInUrl(name, value, this.#options.object) !== null)
          this.#refuseCopy(check, { name, url: String(value) });
        // One that holds Ids is a fault where they may be read, and is needed nowhere else.
        else this.ignored.note(name, 'unknown', column.meant === 'Id' ? null : column.meant);
        return;
      case 'field':
      case 'parent':
      case 'relationship':
        if (op === 'delete' || isEmptyCell(record, value)) return;
        // Salesforce Inspector has `[Account]` under Account, beside Account.Name.
        if (column.kind === 'relationship' && record.untyped && /^\[\w+\]$/.test(String(value))) return;
        this.#fields.set(check, name, column, value);
        return;
      default:
        column satisfies never;
    }
  }

  /** As programs hand on what they have read; of files it is read before. */
  #takeAttributes(check: RecordCheck, name: string, value: unknown): void {
    if (value === null || typeof value !== 'object') return;
    const { type, url } = value as { type?: unknown; url?: unknown };
    const { object } = this.#options;
    if (typeof type === 'string' && type !== '' && type.toLowerCase() !== object.name.toLowerCase()) {
      const message = `the record says to be of ${quoted(type)}, and only ${object.nouns.many} can be pushed.`;
      check.faults.push({ field: name, code: 'NOT_A_CONTACT', message });
    } else if (typeof url === 'string') this.#refuseCopy(check, { name, url });
  }

  /** What Salesforce has told of a record, without the Id, would make that record a second time. */
  #refuseCopy({ op, faults }: RecordCheck, { name, url }: { name: string; url: string }): void {
    const { object, upsert } = this.#options;
    const id = op === 'create' && upsert === null ? idOfUrl(url, object) : null;
    if (id === null) return;
    const message = `The record was read from the ${object.nouns.one} ${id}, and without its Id it would be a second one: a column Id with it updates it, --map '${name}=' makes another.`;
    faults.push({ field: name, code: 'ID_LEFT_OUT', message });
  }

  /** `Id` beside `id`: the one that was not looked at may name another record, or the only one. */
  #refuseSecond({ members, faults }: RecordCheck, name: string, kind: 'id' | 'is-deleted'): boolean {
    const [first] = members.find(([own]) => this.#columns.of(own).kind === kind) ?? [];
    if (first === name) return false;
    faults.push({ field: name, code: 'GIVEN_TWICE', message: `${first} is given twice, as ${name} too.` });
    return true;
  }

  #requireFields({ changes, faults, members }: RecordCheck): void {
    for (const field of this.#required) {
      if (field.name in changes) continue;
      // A value that is wrong has its own fault already.
      const faulty = faults.some(({ field: name }) => name !== null && this.#means(members, name, field));
      if (faulty) continue;
      const message = `${field.name} is required.`;
      faults.push({ field: field.name, code: 'REQUIRED_FIELD_MISSING', message });
    }
  }

  #means(members: RecordCheck['members'], name: string, field: Field): boolean {
    if (!members.some(([own]) => own === name)) return name.toLowerCase() === field.name.toLowerCase();
    const column = this.#columns.of(name);
    return column.kind === 'field' && column.field.name === field.name;
  }
}

/** As a cell of a job's CSV this text clears its field. */
function refuseForJob({ changes, faults }: RecordCheck): void {
  for (const [field, value] of Object.entries(changes)) {
    if (cellOf(value) !== null) continue;
    const message = `${field} is ${quoted(value)}, which in a bulk ingest job clears the field: push it with --api collections.`;
    faults.push({ field, code: 'NOT_IN_A_JOB', message });
  }
}

function uniqueValueOf({ op, changes, faults }: RecordCheck, field: Field): string | null {
  if (op !== 'create') {
    const message = 'With --upsert a record must not carry an Id.';
    faults.push({ field: field.name, code: 'UPSERT_WITH_ID', message });
    return null;
  }
  const value = changes[field.name];
  if (!isBlank(value)) return comparable(value, field);
  // A value that is wrong has its own fault already.
  if (!faults.some(({ field: name }) => name?.toLowerCase() === field.name.toLowerCase())) {
    const message = `--upsert ${field.name} needs a value in every record.`;
    faults.push({ field: field.name, code: 'REQUIRED_FIELD_MISSING', message });
  }
  return null;
}
