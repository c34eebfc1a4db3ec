import type { SaveError } from '../engine/save-result.ts';
import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';
import { attributesOf, requireType } from './record-attributes.ts';
import { writeOptions } from './rows.ts';

/** sObject Tree: "up to a total of 200 records across all trees", five levels deep. */
const recordLimit = 200;
const depthLimit = 5;

interface TreeNode {
  referenceId: string;
  object: string;
  fields: Record<string, unknown>;
  /** The child's field that points to its parent. */
  parentField: string | undefined;
  children: TreeNode[];
}

/** POST `/composite/tree/X`: 201 with an id per reference, or nothing at all is created and 400 lists the errors. */
export function compositeTree(request: ApiRequest, { object = '' }: PathParams, context: ApiContext): Answer {
  const { records } = jsonObject(request);
  if (!Array.isArray(records) || records.length === 0) {
    throw apiError(400, 'JSON_PARSER_ERROR', 'The records property is required and must be a filled array.');
  }
  const seen = new Set<string>();
  const nodes = records.map((r: unknown) => readNode(r, object, undefined, 1, seen, context));
  if (seen.size > recordLimit) {
    throw apiError(400, 'LIMIT_EXCEEDED', `A request can hold at most ${recordLimit} records in all trees.`);
  }
  const results: { referenceId: string; id: string }[] = [];
  try {
    context.emulation.org.transaction(() => {
      for (const node of nodes) createNode(node, undefined, request, context, results);
    });
  } catch (error) {
    if (!(error instanceof TreeFailure)) throw error;
    return jsonAnswer(400, {
      hasErrors: true,
      results: [
        {
          referenceId: error.referenceId,
          errors: error.errors.map(({ statusCode, message, fields }) => ({ statusCode, message, fields })),
        },
      ],
    });
  }
  return jsonAnswer(201, { hasErrors: false, results });
}

class TreeFailure extends Error {
  readonly referenceId: string;
  readonly errors: readonly SaveError[];

  constructor(referenceId: string, errors: readonly SaveError[]) {
    super(referenceId);
    this.referenceId = referenceId;
    this.errors = errors;
  }
}

function createNode(
  node: TreeNode,
  parentId: string | undefined,
  request: ApiRequest,
  context: ApiContext,
  results: { referenceId: string; id: string }[],
): void {
  const fields =
    node.parentField && parentId ? { ...node.fields, [node.parentField]: parentId } : node.fields;
  const [saved] = context.emulation.org.create(
    context.actor,
    [{ object: node.object, fields }],
    writeOptions(request),
  );
  if (!saved?.success || saved.id === null) throw new TreeFailure(node.referenceId, saved?.errors ?? []);
  results.push({ referenceId: node.referenceId, id: saved.id });
  for (const child of node.children) createNode(child, saved.id, request, context, results);
}

function readNode(
  value: unknown,
  object: string,
  parentField: string | undefined,
  depth: number,
  seen: Set<string>,
  context: ApiContext,
): TreeNode {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw apiError(400, 'JSON_PARSER_ERROR', 'Every record must be an object.');
  }
  if (depth > depthLimit) {
    throw apiError(400, 'LIMIT_EXCEEDED', `Trees can be at most ${depthLimit} levels deep.`);
  }
  const record = value as Record<string, unknown>;
  const { type = object, referenceId } = attributesOf(record);
  requireType(record, object, `The record ${referenceId}`);
  if (referenceId === undefined) {
    throw apiError(400, 'INVALID_FIELD', 'Include a reference ID for each record in the request.');
  }
  if (seen.has(referenceId)) {
    throw apiError(400, 'INVALID_FIELD', `Duplicate ReferenceId provided in the request: ${referenceId}.`);
  }
  seen.add(referenceId);
  const { document } = context.emulation.org.describe(context.actor, type);
  const fields: Record<string, unknown> = {};
  const children: TreeNode[] = [];
  for (const [name, field] of Object.entries(record)) {
    const nested = name === 'attributes' ? undefined : childRecords(field);
    if (!nested) {
      fields[name] = field;
      continue;
    }
    const relationship = document.childRelationships.find((r) => r.relationshipName === name);
    if (!relationship)
      throw apiError(400, 'INVALID_FIELD', `No such relationship '${name}' on entity '${type}'`);
    for (const child of nested) {
      children.push(readNode(child, relationship.childSObject, relationship.field, depth + 1, seen, context));
    }
  }
  return { referenceId, object: type, fields, parentField, children };
}

function childRecords(value: unknown): unknown[] | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const { records } = value as { records?: unknown };
  return Array.isArray(records) ? records : undefined;
}
