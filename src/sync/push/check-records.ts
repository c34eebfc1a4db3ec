import { randomUUID } from 'node:crypto';
import { fullId, isGivenIdOf, isTornId, sameId } from '../../org/record-id.ts';
import type { SyncedObject } from '../../org/synced-object.ts';
import type { Field } from '../ports/field.ts';
import type { OutboxOp } from '../ports/outbox-entry.ts';
import type { StagingFault, StagingRecord } from '../ports/outbox-staging.ts';
import { type Columns, membersOf, type ParentColumn } from './columns.ts';
import { damage, isDamaged } from './damaged-text.ts';
import { holdsRecordId } from './holds-record-id.ts';
import { IgnoredColumns } from './ignored-columns.ts';
import { type DecimalMark, NumberForms } from './number-forms.ts';
import { comparable, type ParentName, type Parents } from './parents.ts';
import { sayNoHeader } from './strange-header.ts';
import { type FieldFault, quoted } from './typed.ts';
import { booleanOf, typedValue } from './typed-value.ts';
import { wrappedRecords } from './wrapped-records.ts';

export interface PushRecord {
  /** File name, `-` for standard input. */
  source: string;
  /** Place of the record within its source, from 0. */
  index: number;
  /** Line on which it begins, from 1; null where it is not known. */
  line: number | null;
  fields: Record<string, unknown>;
  /** The values are text (CSV): an empty one leaves its field alone. */
  untyped: boolean;
  /** Names of fields that the user has mapped something to: one that is unknown is never left out. */
  mapped?: ReadonlySet<string>;
  /** The names of its file's first row, where it has one; the same list for all records of the file. */
  header?: readonly string[];
  /** Its numbers may have decimal commas: the cells of its file are separated by semicolons. */
  decimalComma?: boolean;
  /** What its reader found wrong with this record alone. */
  faults?: readonly StagingFault[];
}

export interface CheckOptions {
  /** What the records are to be. */
  object: SyncedObject;
  /** The external id field to upsert by. */
  upsert: Field | null;
  allowDuplicates: boolean;
  ignoreUnknown: boolean;
  ignoreReadOnly: boolean;
  /** Take texts in which a character was lost (U+FFFD) as they are. */
  allowDamaged: boolean;
  /** How numbers are written in texts; null where the user has not said. */
  decimal: DecimalMark | null;
  /** All records in one request, all or none. */
  atomicGroup: string | null;
  /** Keep each record as it was given, for whoever wants the refused ones back. */
  keepGiven: boolean;
  now: number;
}

/** A column that sets one of the contact's own fields. */
type FieldColumn = ParentColumn | { kind: 'field' } | { kind: 'relationship' };

/** One record under check. */
interface Check {
  record: PushRecord;
  members: [name: string, value: unknown][];
  op: OutboxOp;
  changes: Record<string, unknown>;
  faults: StagingFault[];
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
  readonly #grouped = new Set<string>();
  /** Headers of files, and whether they are made of names that Contact does not have. */
  readonly #headers = new Map<readonly string[], boolean>();

  constructor(fields: readonly Field[], columns: Columns, parents: Parents, options: CheckOptions) {
    this.#columns = columns;
    this.#parents = parents;
    this.#options = options;
    this.numbers = new NumberForms(options.decimal);
    this.#required = fields.filter(
      ({ createable, nillable, defaultedOnCreate, type }) =>
        createable && !nillable && !defaultedOnCreate && type !== 'boolean',
    );
  }

  async check(records: readonly PushRecord[], options: { signal: AbortSignal }): Promise<StagingRecord[]> {
    const all = records.map((record) => ({ record, members: membersOf(record.fields) }));
    await this.#columns.prepare(new Set(all.flatMap(({ members }) => members.map(([name]) => name))));
    for (const { header } of records) if (header !== undefined) await this.#lookAtHeader(header);
    await this.#parents.prepare(this.#parentNames(all), options);
    return all.map(({ record, members }) => this.#checkOne(record, members));
  }

  async #lookAtHeader(header: readonly string[]): Promise<void> {
    if (this.#headers.has(header)) return;
    await this.#columns.prepare(new Set(header));
    const isStrange = (name: string) => {
      const column = this.#columns.of(name);
      return column.kind === 'unknown' && column.meant === null;
    };
    this.#headers.set(header, header.length > 0 && header.every(isStrange));
  }

  *#parentNames(all: readonly Pick<Check, 'record' | 'members'>[]): Generator<ParentName> {
    for (const { record, members } of all) {
      for (const [name, value] of members) {
        const column = this.#columns.of(name);
        if (column.kind !== 'parent' || isEmptyCell(record, value)) continue;
        yield { column, value: this.numbers.read(record, column.by, value).value };
      }
    }
  }

  #checkOne(record: PushRecord, members: Check['members']): StagingRecord {
    const { upsert, allowDuplicates, atomicGroup, keepGiven, now } = this.#options;
    const check: Check = {
      record,
      members,
      op: this.#opOf(members),
      changes: {},
      faults: [...(record.faults ?? [])],
    };
    // Parents after the contact's own fields: an export has both, `AccountId` and `Account.Name`.
    const isParent = ([name]: Check['members'][number]) =>
      ['parent', 'relationship'].includes(this.#columns.of(name).kind);
    for (const [name, value] of members.toSorted((a, b) => Number(isParent(a)) - Number(isParent(b)))) {
      this.#takeMember(check, name, value);
    }
    if (check.op === 'create' && upsert === null) this.#requireFields(check);
    if (record.header !== undefined && this.#headers.get(record.header))
      sayNoHeader(check.faults, record.header);
    const contactId = this.#idOf(check);
    if (this.#namesNoField(check)) {
      const wrapped = wrappedRecords(record.fields);
      // What else is said of the object is said of no contact.
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
    const key = randomUUID();
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
    };
  }

  #namesNoField({ record, members, op }: Check): boolean {
    if (record.untyped || op === 'delete') return false;
    return members.every(([name]) => ['id', 'attributes', 'unknown'].includes(this.#columns.of(name).kind));
  }

  #valueOf(members: Check['members'], kind: 'id' | 'is-deleted'): unknown {
    return members.find(([name]) => this.#columns.of(name).kind === kind)?.[1];
  }

  #opOf(members: Check['members']): OutboxOp {
    if (isBlank(this.#valueOf(members, 'id'))) return 'create';
    return booleanOf(this.#valueOf(members, 'is-deleted')) === true ? 'delete' : 'update';
  }

  #idOf({ record, members, op, faults }: Check): string | null {
    const given = this.#valueOf(members, 'id');
    if (op === 'create') {
      if (given === null && record.untyped) faults.push(idFault('#N/A clears a field, and no Id'));
      return null;
    }
    const id = typeof given === 'string' ? given.trim() : '';
    if (!isGivenIdOf(this.#options.object.keyPrefix, id)) {
      faults.push(idFault(`${quoted(given)} is not the Id of a contact`));
      return null;
    }
    const full = fullId(id);
    if (isTornId(id)) {
      faults.push(idFault(`${quoted(given)} is not whole: its last three characters belong to another Id`));
      return null;
    }
    if (this.#options.atomicGroup !== null) {
      if (this.#grouped.has(full)) {
        const message = `${full} stands in the input twice, and one request takes a contact once.`;
        faults.push({ field: 'Id', code: 'GIVEN_TWICE', message });
      }
      this.#grouped.add(full);
    }
    return full;
  }

  #takeMember(check: Check, name: string, value: unknown): void {
    const { record, op, faults } = check;
    const column = this.#columns.of(name);
    switch (column.kind) {
      case 'attributes':
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
          message: 'IsDeleted is true or false, and true stands beside the Id of the contact to delete.',
        });
        return;
      case 'unknown':
        if (op === 'delete') return;
        if (!this.#options.ignoreUnknown || record.mapped?.has(name)) {
          faults.push({ field: name, code: 'UNKNOWN_FIELD', message: column.message });
        } else if (
          op === 'create' &&
          this.#options.upsert === null &&
          holdsRecordId(name, value, this.#options.object)
        ) {
          const message = `${name} holds the Id of a contact, and without it the record would be a second one: --map '${name}=Id' updates it, --map '${name}=' leaves the Id out.`;
          faults.push({ field: name, code: 'UNKNOWN_FIELD', message });
        } else this.ignored.note(name, 'unknown', column.meant);
        return;
      case 'field':
      case 'parent':
      case 'relationship': {
        const field = column.kind === 'field' ? column.field : column.reference;
        if (op === 'delete' || isEmptyCell(record, value)) return;
        // Salesforce Inspector has `[Account]` under Account, beside Account.Name.
        if (column.kind === 'relationship' && record.untyped && /^\[\w+\]$/.test(String(value))) return;
        if (this.#isWriteable(check, name, field)) this.#setField(check, name, field, column, value);
        return;
      }
      default:
        column satisfies never;
    }
  }

  /** `Id` beside `id`: the one that was not looked at may name another contact, or the only one. */
  #refuseSecond({ members, faults }: Check, name: string, kind: 'id' | 'is-deleted'): boolean {
    const [first] = members.find(([own]) => this.#columns.of(own).kind === kind) ?? [];
    if (first === name) return false;
    faults.push({ field: name, code: 'GIVEN_TWICE', message: `${first} is given twice, as ${name} too.` });
    return true;
  }

  #isWriteable({ op, faults }: Check, name: string, field: Field): boolean {
    const { upsert, ignoreReadOnly } = this.#options;
    const writeable =
      op === 'update'
        ? field.updateable
        : // Whether an upsert creates or updates is known to the org alone.
          field.createable || (upsert !== null && field.updateable);
    if (writeable) return true;
    if (ignoreReadOnly) {
      this.ignored.note(name, 'read-only');
      return false;
    }
    faults.push({
      field: name,
      code: op === 'create' ? 'NOT_CREATEABLE' : 'NOT_UPDATEABLE',
      message: `${field.name} is set by Salesforce and cannot be ${op === 'create' ? 'given' : 'changed'}.`,
    });
    return false;
  }

  #setField(check: Check, name: string, field: Field, column: FieldColumn, given: unknown): void {
    const { record, op, changes, faults } = check;
    if (record.untyped && given === null && op === 'create') return;
    const { value, fault: doubt } = this.numbers.read(
      record,
      column.kind === 'parent' ? column.by : field,
      given,
    );
    if (doubt !== null) faults.push({ field: name, ...doubt });
    if (!this.#options.allowDamaged && isDamaged(value))
      faults.push({ field: name, ...damage(field, value) });
    if (field.name in changes) {
      const fault = this.#contradiction(column, value, field, changes[field.name]);
      if (fault !== null) faults.push({ field: name, ...fault });
      return;
    }
    const typed =
      column.kind === 'parent'
        ? this.#parents.idOf({ column, value })
        : typedMember(column.kind, value, field);
    if ('fault' in typed) faults.push({ field: name, ...typed.fault });
    else changes[field.name] = typed.value;
  }

  /** A field that is given a second time may only say the same; a parent's name is often beside its Id. */
  #contradiction(column: FieldColumn, value: unknown, field: Field, given: unknown): FieldFault | null {
    if (column.kind === 'field') return { code: 'GIVEN_TWICE', message: `${field.name} is given twice.` };
    if (value === null) return null;
    if (column.kind === 'relationship') return onlyByOneField(field);
    const typed = this.#parents.idOf({ column, value });
    if ('fault' in typed) return typed.fault.code === 'PARENT_AMBIGUOUS' ? null : typed.fault;
    if (typed.value === null || (typeof given === 'string' && sameId(given, String(typed.value))))
      return null;
    const message = `${field.name} is ${quoted(given)}, and ${quoted(value)} is another ${column.object}.`;
    return { code: 'GIVEN_TWICE', message };
  }

  #requireFields({ changes, faults, members }: Check): void {
    for (const field of this.#required) {
      if (field.name in changes) continue;
      // A value that is wrong has its own fault already.
      const faulty = faults.some(({ field: name }) => name !== null && this.#means(members, name, field));
      if (faulty) continue;
      const message = `${field.name} is required.`;
      faults.push({ field: field.name, code: 'REQUIRED_FIELD_MISSING', message });
    }
  }

  #means(members: Check['members'], name: string, field: Field): boolean {
    if (!members.some(([own]) => own === name)) return name.toLowerCase() === field.name.toLowerCase();
    const column = this.#columns.of(name);
    return column.kind === 'field' && column.field.name === field.name;
  }
}

function idFault(why: string): StagingFault {
  return { field: 'Id', code: 'MALFORMED_ID', message: `${why}.` };
}

function typedMember(kind: 'field' | 'relationship', value: unknown, field: Field) {
  if (kind === 'field' || value === null) return typedValue(value, field);
  return { fault: onlyByOneField(field) };
}

function onlyByOneField({ name }: Field): FieldFault {
  return { code: 'WRONG_TYPE', message: `${name} takes its parent by one field, as {"ExternalId__c": "x"}.` };
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** As in Bulk API 2.0, an empty cell leaves its field alone. */
function isEmptyCell({ untyped }: PushRecord, value: unknown): boolean {
  return untyped && typeof value === 'string' && value.trim() === '';
}

function uniqueValueOf({ op, changes, faults }: Check, field: Field): string | null {
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
