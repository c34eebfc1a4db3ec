import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';

/** GET `/sobjects/Contact/updated/?start&end` (sObject Get Updated). */
export function updated(request: ApiRequest, { object = '' }: PathParams, context: ApiContext): Answer {
  const { start, end } = readSpan(request);
  return jsonAnswer(200, context.emulation.org.getUpdated(context.actor, object, start, end));
}

/** GET `/sobjects/Contact/deleted/?start&end` (sObject Get Deleted). */
export function deleted(request: ApiRequest, { object = '' }: PathParams, context: ApiContext): Answer {
  const { start, end } = readSpan(request);
  return jsonAnswer(200, context.emulation.org.getDeleted(context.actor, object, start, end));
}

/** An unencoded `+00:00` arrives as ` 00:00`: Salesforce's own examples leave it so, and it is understood. */
function readSpan({ query }: ApiRequest): { start: string; end: string } {
  const read = (name: string) => {
    const text = query.get(name);
    if (text === null || text.trim() === '') {
      throw apiError(400, 'MISSING_ARGUMENT', `The ${name} parameter is required.`);
    }
    return text.trim().replace(/ (\d\d:?\d\d)$/, '+$1');
  };
  return { start: read('start'), end: read('end') };
}
