import type { ContactDescribe } from '../sync/ports/field.ts';
import { contactFields } from './contact-fields.ts';
import { type JsforceOptions, jsforceCall, jsforceError } from './jsforce-call.ts';
import { unexpectedAnswer } from './unexpected-answer.ts';

/** `GET /sobjects/Contact/describe`, conditional where `ifModifiedSince` is a former answer's Last-Modified. */
export async function describeContact(
  jsforce: JsforceOptions,
  { ifModifiedSince, signal }: { ifModifiedSince?: string | null; signal?: AbortSignal },
): Promise<ContactDescribe | 'not-modified'> {
  const call = await jsforceCall(jsforce, {
    kind: 'pull',
    headers: ifModifiedSince ? { 'if-modified-since': ifModifiedSince } : {},
    signal,
  });
  const described: unknown = await call.connection.describe('Contact').catch((error: unknown) => {
    throw jsforceError(error);
  });
  const attempt = call.attempt();
  const answer = attempt?.ok ? attempt.answer : null;
  if (answer?.status === 304) return 'not-modified';
  const fields = (described as { fields?: unknown } | null)?.fields;
  if (!Array.isArray(fields) || fields.length === 0) throw unexpectedAnswer('describe of Contact', answer);
  return { fields: contactFields(fields), lastModified: answer?.header('last-modified') ?? null };
}
