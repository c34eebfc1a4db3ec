import { randomUUID } from 'node:crypto';
import { AppError } from '../../base/errors.ts';
import { fullId } from '../../base/record-id.ts';
import type { Field } from '../ports/field.ts';
import type { NewOutboxEntry, OutboxOp } from '../ports/outbox.ts';
import { suggestField } from './suggest-field.ts';
import { type FieldFault, typedValue } from './typed-value.ts';

export interface PushRecord {
  /** File name, `-` for standard input. */
  source: string;
  /** Place of the record within its source, from 0. */
  index: number;
  /** Line on which it begins, from 1; null where it is not known. */
  line: number | null;
  fields: Record<string, unknown>;
  /** The values are text (CSV) and take their type from describe. */
  untyped: boolean;
}

export interface RecordFault extends FieldFault {
  source: string;
  index: number;
  line: number | null;
  field: string | null;
}

export interface ValidateOptions {
  /** Name of the external id field to upsert by. */
  upsert: string | null;
  allowDuplicates: boolean;
  /** All records in one request, all or none. */
  atomicGroup: string | null;
  now: number;
}

export interface PlannedEntry {
  record: PushRecord;
  entry: Omit<NewOutboxEntry, 'state'>;
}

/**
 * Checks every record against describe and turns it into an outbox entry. All faults are found, not just
 * the first; with any, nothing may be sent. Field names are taken without regard to case, as the API does.
 */
export function validateRecords(
  records: readonly PushRecord[],
  fields: readonly Field[],
  options: ValidateOptions,
): { planned: PlannedEntry[]; faults: RecordFault[] } {
  const byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
  const upsertField = options.upsert === null ? null : upsertFieldOf(options.upsert, byName);
  const faults: RecordFault[] = [];
  const planned: PlannedEntry[] = [];
  const seen = new Set<string>();
  const grouped = new Set<string>();
  for (const record of records) {
    const { source, index, line } = record;
    const faulty = new Set<string>();
    const fault = (field: string | null, { code, message }: FieldFault) => {
      faults.push({ source, index, line, field, code, message });
      faulty.add(field?.toLowerCase() ?? '');
    };
    const op = opOf(record);
    const changes = changesOf(record, op, byName, fault);
    if (op === 'create') requireFields(changes, fields, faulty, fault);
    if (upsertField !== null) checkUpsertValue(changes, upsertField, op, seen, fault);
    const contactId = op === 'create' ? null : idOf(record, fault);
    if (options.atomicGroup !== null && contactId !== null) {
      if (grouped.has(contactId)) {
        fault('Id', {
          code: 'GIVEN_TWICE',
          message: `${contactId} stands in the input twice, and one request takes a contact once.`,
        });
      }
      grouped.add(contactId);
    }
    if (op === 'update' && Object.keys(changes).length === 0) {
      fault(null, { code: 'NOTHING_TO_CHANGE', message: 'The record names an Id and no field to change.' });
    }
    const key = randomUUID();
    planned.push({
      record,
      entry: {
        key,
        op,
        contactKey: contactId ?? key,
        contactId,
        changes,
        base: null,
        upsertField: upsertField?.name ?? null,
        allowDuplicates: options.allowDuplicates,
        atomicGroup: options.atomicGroup,
        createdAt: options.now,
      },
    });
  }
  return { planned, faults };
}

function givenValue(record: PushRecord, name: string): unknown {
  const key = Object.keys(record.fields).find((own) => own.toLowerCase() === name);
  return key === undefined ? undefined : record.fields[key];
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function opOf(record: PushRecord): OutboxOp {
  if (!isGiven(givenValue(record, 'id'))) return 'create';
  const deleted = givenValue(record, 'isdeleted');
  return deleted === true || (record.untyped && String(deleted).toLowerCase() === 'true')
    ? 'delete'
    : 'update';
}

function idOf(record: PushRecord, fault: (field: string, fault: FieldFault) => void): string | null {
  const id = givenValue(record, 'id');
  if (typeof id === 'string' && /^003[A-Za-z0-9]{12}([A-Z0-5]{3})?$/.test(id)) return fullId(id);
  fault('Id', { code: 'MALFORMED_ID', message: `"${String(id)}" is not the Id of a contact.` });
  return null;
}

function changesOf(
  record: PushRecord,
  op: OutboxOp,
  byName: Map<string, Field>,
  fault: (field: string, fault: FieldFault) => void,
): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record.fields)) {
    const lower = name.toLowerCase();
    // `attributes` is what Salesforce itself puts into every record it answers.
    if (lower === 'id' || lower === 'attributes') continue;
    if (lower === 'isdeleted' && (op === 'delete' || value === false || value === 'false')) continue;
    if (op === 'delete') continue;
    const field = byName.get(lower);
    if (field === undefined) {
      fault(name, {
        code: 'UNKNOWN_FIELD',
        message: `Contact has no field ${name}${suggestField(lower, byName.values())}.`,
      });
      continue;
    }
    // An empty CSV cell of a new record says nothing; of an existing one it clears the field.
    if (record.untyped && !isGiven(value) && op === 'create') continue;
    if (op === 'create' ? !field.createable : !field.updateable) {
      fault(name, {
        code: op === 'create' ? 'NOT_CREATEABLE' : 'NOT_UPDATEABLE',
        message: `${field.name} is set by Salesforce and cannot be ${op === 'create' ? 'given' : 'changed'}.`,
      });
      continue;
    }
    if (field.name in changes) {
      fault(name, { code: 'GIVEN_TWICE', message: `${field.name} is given twice.` });
      continue;
    }
    const typed = typedValue(value, field, record.untyped);
    if ('fault' in typed) fault(name, typed.fault);
    else changes[field.name] = typed.value;
  }
  return changes;
}

function requireFields(
  changes: Record<string, unknown>,
  fields: readonly Field[],
  faulty: ReadonlySet<string>,
  fault: (field: string, fault: FieldFault) => void,
): void {
  for (const field of fields) {
    const required =
      field.createable && !field.nillable && !field.defaultedOnCreate && field.type !== 'boolean';
    // A value that is wrong has its own fault already.
    if (required && !(field.name in changes) && !faulty.has(field.name.toLowerCase())) {
      fault(field.name, { code: 'REQUIRED_FIELD_MISSING', message: `${field.name} is required.` });
    }
  }
}

function upsertFieldOf(name: string, byName: Map<string, Field>): Field {
  const field = byName.get(name.toLowerCase());
  const usable = [...byName.values()].filter((own) => own.externalId && own.unique).map((own) => own.name);
  if (field?.externalId && field.unique) return field;
  const why =
    field === undefined ? `Contact has no field ${name}` : `${field.name} is not a unique external id`;
  throw new AppError('INVALID_INPUT', `--upsert cannot use ${name}: ${why}.`, {
    hint:
      usable.length > 0
        ? `Use ${usable.join(' or ')}.`
        : 'Add a custom field to Contact in Salesforce that is marked "External ID" and "Unique".',
  });
}

function checkUpsertValue(
  changes: Record<string, unknown>,
  field: Field,
  op: OutboxOp,
  seen: Set<string>,
  fault: (field: string, fault: FieldFault) => void,
): void {
  if (op !== 'create') {
    fault(field.name, { code: 'UPSERT_WITH_ID', message: 'With --upsert a record must not carry an Id.' });
    return;
  }
  const value = changes[field.name];
  if (!isGiven(value)) {
    fault(field.name, {
      code: 'REQUIRED_FIELD_MISSING',
      message: `--upsert ${field.name} needs a value in every record.`,
    });
    return;
  }
  const text = String(value).toLowerCase();
  if (seen.has(text)) {
    fault(field.name, {
      code: 'DUPLICATE_VALUE',
      message: `${field.name} "${String(value)}" stands in the input twice.`,
    });
  }
  seen.add(text);
}
