import type { RecordInput, SaveResult } from '../engine/save-result.ts';
import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import { SpareBytes } from '../http/spare-bytes.ts';
import type { ApiContext } from './api-context.ts';
import { attributesOf, requireType } from './record-attributes.ts';
import { writeOptions } from './rows.ts';

/** sObject Collections: 200 records a write, 2,000 ids a retrieve, 10 chunks of alternating types. */
const writeLimit = 200;
const retrieveLimit = 2_000;
const chunkLimit = 10;

const spare = new SpareBytes();

/** POST `/composite/sobjects`: a result per record, in order, with status 200. */
export function createMany(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const { records, allOrNone } = readRecords(request);
  const inputs = records.map(typedRecord);
  const options = { ...writeOptions(request), allOrNone };
  return saveResults(context.emulation.org.create(context.actor, inputs, options), context);
}

/** PATCH `/composite/sobjects`. */
export function updateMany(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const { records, allOrNone } = readRecords(request);
  const inputs = records.map(typedRecord).map(withId);
  const options = { ...writeOptions(request), allOrNone };
  return saveResults(context.emulation.org.update(context.actor, inputs, options), context);
}

/** PATCH `/composite/sobjects/{object}/{field}`. */
export function upsertMany(request: ApiRequest, params: PathParams, context: ApiContext): Answer {
  const { object = '', field = '' } = params;
  const { records, allOrNone } = readRecords(request);
  const inputs = records.map((fields, i) => {
    requireType(fields, object, `The record at index ${i}`);
    return { object, fields };
  });
  const options = { ...writeOptions(request), allOrNone };
  const results = context.emulation.org.upsert(context.actor, field, inputs, options);
  return saveResults(results, context);
}

/** DELETE `/composite/sobjects?ids=a,b&allOrNone=`. */
export function deleteMany(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  const ids = idList(request.query.get('ids'));
  if (ids.length === 0) throw apiError(400, 'INVALID_ID_FIELD', 'The ids parameter is required.');
  limitSize(ids.length, writeLimit);
  const allOrNone = request.query.get('allOrNone') === 'true';
  return saveResults(context.emulation.org.delete(context.actor, ids, { allOrNone }), context);
}

/** GET `/composite/sobjects/Contact?ids=&fields=` and POST with `{ids, fields}`: null for what is missing. */
export function retrieveMany(request: ApiRequest, { object = '' }: PathParams, context: ApiContext): Answer {
  const { ids, fields } =
    request.method === 'POST'
      ? readRetrieveBody(request)
      : { ids: idList(request.query.get('ids')), fields: idList(request.query.get('fields')) };
  if (ids.length === 0) throw apiError(400, 'MISSING_ARGUMENT', 'The ids property is required.');
  if (fields.length === 0) throw apiError(400, 'MISSING_ARGUMENT', 'The fields property is required.');
  limitSize(ids.length, retrieveLimit);
  const { emulation, actor, apiVersion } = context;
  const { bytes, giveBack } = spare.lend(
    emulation.org.retrieveMany(actor, object, ids, fields, { apiVersion }),
  );
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json;charset=UTF-8' },
    body: bytes,
    onSent: giveBack,
  };
}

function readRetrieveBody(request: ApiRequest): { ids: string[]; fields: string[] } {
  const body = jsonObject(request);
  const strings = (value: unknown, name: string): string[] => {
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.some((v) => typeof v !== 'string')) {
      throw apiError(
        400,
        'JSON_PARSER_ERROR',
        `Cannot deserialize ${name}: an array of strings was expected`,
      );
    }
    return value as string[];
  };
  return { ids: strings(body.ids, 'ids'), fields: strings(body.fields, 'fields') };
}

interface CollectionBody {
  records: Record<string, unknown>[];
  allOrNone: boolean;
}

function readRecords(request: ApiRequest): CollectionBody {
  const body = jsonObject(request);
  const { records } = body;
  if (!Array.isArray(records)) {
    throw apiError(400, 'JSON_PARSER_ERROR', 'The records property is required and must be an array.');
  }
  if (body.allOrNone !== undefined && typeof body.allOrNone !== 'boolean') {
    throw apiError(400, 'JSON_PARSER_ERROR', 'Cannot deserialize instance of boolean from allOrNone');
  }
  if (records.length === 0) {
    throw apiError(400, 'INVALID_FIELD', 'The records property must hold at least one record.');
  }
  limitSize(records.length, writeLimit);
  const objects = records.map((record) => {
    if (record === null || typeof record !== 'object' || Array.isArray(record)) {
      throw apiError(400, 'JSON_PARSER_ERROR', 'Every record must be an object.');
    }
    return record as Record<string, unknown>;
  });
  limitChunks(objects);
  return { records: objects, allOrNone: body.allOrNone === true };
}

function limitSize(size: number, limit: number): void {
  if (size > limit) {
    throw apiError(
      400,
      'EXCEEDED_MAX_SIZE_REQUEST',
      `The number of records (${size}) exceeds the maximum of ${limit} in one request.`,
    );
  }
}

function limitChunks(records: Record<string, unknown>[]): void {
  let chunks = 0;
  let last: string | undefined;
  for (const record of records) {
    const type = attributesOf(record).type ?? '';
    if (type !== last) chunks++;
    last = type;
  }
  if (chunks > chunkLimit) {
    throw apiError(
      400,
      'LIMIT_EXCEEDED',
      `The records make ${chunks} chunks of one type each; a request can process up to ${chunkLimit}.`,
    );
  }
}

function typedRecord(fields: Record<string, unknown>): RecordInput {
  const { type } = attributesOf(fields);
  if (type === undefined) {
    throw apiError(
      400,
      'INVALID_TYPE',
      'The record has no attributes.type: sObject type is required in the attributes map.',
    );
  }
  return { object: type, fields };
}

/** The id of an update may be written `id` or `Id`. */
function withId({ object, fields }: RecordInput): RecordInput {
  const name = Object.keys(fields).find((key) => key.toLowerCase() === 'id');
  if (name === undefined || name === 'Id') return { object, fields };
  const { [name]: id, ...rest } = fields;
  return { object, fields: { ...rest, Id: id } };
}

function idList(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean);
}

/** Results in the form of collections: `statusCode`, `success` before `errors`, `id` only where there is one. */
function saveResults(results: SaveResult[], { emulation }: ApiContext): Answer {
  const { duplicateResultKey } = emulation.settings;
  return jsonAnswer(
    200,
    results.map((result) => ({
      ...(result.id === null ? {} : { id: result.id }),
      success: result.success,
      errors: result.errors.map(({ statusCode, message, fields, duplicateResult }) => ({
        statusCode,
        message,
        fields,
        ...(duplicateResult ? { [duplicateResultKey]: duplicateResult } : {}),
      })),
      ...(result.created === undefined ? {} : { created: result.created }),
    })),
  );
}
