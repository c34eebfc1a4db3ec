import { sameId } from '../../../org/record-id.ts';
import type { Field } from '../../ports/field.ts';
import { alikeValue } from '../values/alike-value.ts';
import { damage, isDamaged } from '../values/damaged-text.ts';
import { isMisread, misreading } from '../values/misread-text.ts';
import type { NumberForms } from '../values/number-forms.ts';
import { type FieldFault, quoted } from '../values/typed.ts';
import { typedValue } from '../values/typed-value.ts';
import { isBlank } from './blank-value.ts';
import type { Column } from './columns.ts';
import type { IgnoredColumns } from './ignored-columns.ts';
import type { Parents } from './parents.ts';
import type { RecordCheck } from './record-check.ts';

/** A column that sets one of the record's own fields. */
type FieldColumn = Extract<Column, { kind: 'field' | 'parent' | 'relationship' }>;

export interface FieldSetterOptions {
  /** The external id field to upsert by. */
  upsert: Field | null;
  ignoreReadOnly: boolean;
  /** Take texts as they are that were read in a wrong encoding: a character was lost (U+FFFD), or is several now. */
  allowDamaged: boolean;
}

/** Puts the value of one column among a record's changes, typed as its field, or says why it cannot. */
export class FieldSetter {
  readonly #parents: Parents;
  readonly #numbers: NumberForms;
  readonly #ignored: IgnoredColumns;
  readonly #options: FieldSetterOptions;

  constructor(parents: Parents, numbers: NumberForms, ignored: IgnoredColumns, options: FieldSetterOptions) {
    this.#parents = parents;
    this.#numbers = numbers;
    this.#ignored = ignored;
    this.#options = options;
  }

  set(check: RecordCheck, name: string, column: FieldColumn, given: unknown): void {
    const field = column.kind === 'field' ? column.field : column.reference;
    if (this.#isWriteable(check, name, field)) this.#set(check, name, field, column, given);
  }

  #isWriteable({ op, faults }: RecordCheck, name: string, field: Field): boolean {
    const { upsert, ignoreReadOnly } = this.#options;
    const writeable =
      op === 'update'
        ? field.updateable
        : // Whether an upsert creates or updates is known to the org alone.
          field.createable || (upsert !== null && field.updateable);
    if (writeable) return true;
    if (ignoreReadOnly) {
      this.#ignored.note(name, 'read-only');
      return false;
    }
    faults.push({
      field: name,
      code: op === 'create' ? 'NOT_CREATEABLE' : 'NOT_UPDATEABLE',
      message: `${field.name} is set by Salesforce and cannot be ${op === 'create' ? 'given' : 'changed'}.`,
    });
    return false;
  }

  #set(check: RecordCheck, name: string, field: Field, column: FieldColumn, given: unknown): void {
    const { record, op, changes, faults } = check;
    // A new record has nothing to clear. Where the field has a default, or an upsert may meet a record, null says more.
    const says = field.nillable || this.#options.upsert !== null;
    if (record.untyped && given === null && op === 'create' && !says) return;
    const { value, fault: doubt } = this.#numbers.read(
      record,
      column.kind === 'parent' ? column.by : field,
      given,
    );
    if (doubt !== null) faults.push({ field: name, ...doubt });
    if (!this.#options.allowDamaged) {
      if (isDamaged(value)) faults.push({ field: name, ...damage(field, value) });
      else if (isMisread(value)) faults.push({ field: name, ...misreading(field, value) });
    }
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
    else {
      changes[field.name] = typed.value;
      const alike = alikeValue(typed.value, field);
      if (alike === null) return;
      check.alike ??= {};
      check.alike[field.name] = alike;
    }
  }

  /** A field that is given a second time may only say the same; a parent's name is often beside its Id. */
  #contradiction(column: FieldColumn, value: unknown, field: Field, given: unknown): FieldFault | null {
    if (column.kind === 'field') return { code: 'GIVEN_TWICE', message: `${field.name} is given twice.` };
    if (isBlank(value)) return null;
    if (column.kind === 'relationship') return onlyByOneField(field);
    const typed = this.#parents.idOf({ column, value });
    if ('fault' in typed) return typed.fault.code === 'PARENT_AMBIGUOUS' ? null : typed.fault;
    if (typed.value === null || (typeof given === 'string' && sameId(given, String(typed.value))))
      return null;
    const message = `${field.name} is ${quoted(given)}, and ${quoted(value)} is another ${column.object}.`;
    return { code: 'GIVEN_TWICE', message };
  }
}

function typedMember(kind: 'field' | 'relationship', value: unknown, field: Field) {
  if (kind === 'field' || value === null) return typedValue(value, field);
  return { fault: onlyByOneField(field) };
}

function onlyByOneField({ name }: Field): FieldFault {
  return { code: 'WRONG_TYPE', message: `${name} takes its parent by one field, as {"ExternalId__c": "x"}.` };
}
