import type { Field, ObjectDescribe } from '../sync/ports/field.ts';
import { answerBounds } from './answer-bounds.ts';
import type { ApiAnswer } from './api-call.ts';
import { describedFields } from './described-fields.ts';
import { faultOfFields } from './field-faults.ts';
import { type JsforceOptions, jsforceCall, jsforceError } from './jsforce-call.ts';
import { remoteDetails } from './remote-error.ts';
import { unexpectedAnswer } from './unexpected-answer.ts';

/** `GET /sobjects/{object}/describe`, conditional where `ifModifiedSince` is a former answer's Last-Modified. */
export async function describeObject(
  jsforce: JsforceOptions,
  object: string,
  { ifModifiedSince, signal }: { ifModifiedSince?: string | null; signal?: AbortSignal },
): Promise<ObjectDescribe | 'not-modified'> {
  const call = await jsforceCall(jsforce, {
    kind: 'pull',
    bounds: answerBounds.describe,
    headers: ifModifiedSince ? { 'if-modified-since': ifModifiedSince } : {},
    signal,
  });
  const described: unknown = await call.connection.describe(object).catch((error: unknown) => {
    throw jsforceError(error);
  });
  const attempt = call.attempt();
  const answer = attempt?.ok ? attempt.answer : null;
  if (answer?.status === 304) return 'not-modified';
  const fields = (described as { fields?: unknown } | null)?.fields;
  if (!Array.isArray(fields) || fields.length === 0) throw unexpectedAnswer(`describe of ${object}`, answer);
  const known = describedFields(fields);
  const fault = faultOfFields(known);
  if (fault !== null) throw unexpectedAnswer(`describe of ${object} (${fault})`, answer);
  return { fields: known, lastModified: answer === null ? null : validator(answer) };
}

/** Its fields alone; null where the org has no such object, or hides it from this user. */
export async function fieldsOfObject(
  jsforce: JsforceOptions,
  object: string,
  { signal }: { signal?: AbortSignal },
): Promise<Field[] | null> {
  const call = await jsforceCall(jsforce, { kind: 'pull', bounds: answerBounds.describe, signal });
  let described: unknown;
  try {
    described = await call.connection.describe(object);
  } catch (error) {
    const mapped = jsforceError(error);
    if (remoteDetails(mapped)?.status === 404) return null;
    throw mapped;
  }
  const fields = (described as { fields?: unknown } | null)?.fields;
  const attempt = call.attempt();
  if (!Array.isArray(fields)) {
    throw unexpectedAnswer(`describe of ${object}`, attempt?.ok ? attempt.answer : null);
  }
  return describedFields(fields);
}

/** A change so fresh may be followed by another within the second, and servers may differ by some. */
const settledMs = 60_000;

/**
 * Last-Modified where it can tell later changes apart, else null. Source: RFC 9110 section 8.8.2.2: it has whole
 * seconds, so that one as young as the answer itself says nothing of a second change.
 */
function validator({ header, date }: ApiAnswer): string | null {
  const lastModified = header('last-modified');
  const at = Date.parse(lastModified ?? '');
  return date !== null && date - at >= settledMs ? lastModified : null;
}
