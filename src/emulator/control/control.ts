import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import { ApiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { OrgFault } from '../schema/fault.ts';
import type { ControlHost } from './control-host.ts';
import { ControlError } from './control-input.ts';
import { controlResult, controls } from './control-routes.ts';

export const controlPath = '/__emulator';

/** Answers a request of the control surface; mistakes are 400 with `{error: {code, message}}`. Never rejects. */
export async function controlAnswer(request: ApiRequest, host: ControlHost): Promise<Answer> {
  const name = request.path.slice(controlPath.length).replace(/^\/|\/$/g, '');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const control = Object.hasOwn(controls, `${method} ${name}`) ? controls[`${method} ${name}`] : undefined;
  if (!control) return unknown(name, method);
  try {
    return controlResult(
      await control(method === 'GET' ? {} : readControlBody(request), request.query, host),
    );
  } catch (error) {
    if (error instanceof ControlMediaTypeError) {
      return jsonAnswer(415, { error: { code: 'UNSUPPORTED_MEDIA_TYPE', message: error.message } });
    }
    if (error instanceof ControlError) return refusal('INVALID_INPUT', error.message);
    if (error instanceof OrgFault) return refusal(error.errorCode, error.message);
    if (error instanceof ApiError)
      return refusal(error.items[0]?.errorCode ?? 'INVALID_INPUT', error.message);
    return jsonAnswer(500, { error: { code: 'INTERNAL', message: String(error) } });
  }
}

class ControlMediaTypeError extends Error {
  constructor() {
    super('The body must be JSON, and be sent with the header "Content-Type: application/json".');
  }
}

function readControlBody(request: ApiRequest): unknown {
  const type = request.headers['content-type'];
  const text = request.body.toString('utf8');
  // A web page may send every other type to another origin without being asked first.
  if (type === undefined ? text !== '' : !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type.trim())) {
    throw new ControlMediaTypeError();
  }
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlError('The body is not JSON.');
  }
}

function unknown(name: string, method: string): Answer {
  const methods = Object.keys(controls)
    .filter((key) => key.split(' ')[1] === name)
    .map((key) => key.split(' ')[0] ?? '');
  if (methods.length > 0) {
    return jsonAnswer(
      405,
      {
        error: {
          code: 'METHOD_NOT_ALLOWED',
          message: `${controlPath}/${name} takes ${methods.join(', ')}, not ${method}.`,
        },
      },
      { Allow: methods.join(',') },
    );
  }
  const names = [...new Set(Object.keys(controls).map((key) => key.split(' ')[1]))].sort();
  return jsonAnswer(404, {
    error: {
      code: 'NOT_FOUND',
      message: `There is no ${controlPath}/${name}. There are: ${names.join(', ')}.`,
    },
  });
}

function refusal(code: string, message: string): Answer {
  return jsonAnswer(400, { error: { code, message } });
}
