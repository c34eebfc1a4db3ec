import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { jsonAnswer } from './answer.ts';
import { ApiError, apiError, errorAnswer } from './api-error.ts';
import { readBody } from './body-reader.ts';
import { guardRefusal } from './browser-guard.ts';
import type { LoggedCall } from './call-log.ts';
import { routeOf } from './call-log.ts';
import type { Fault } from './fault.ts';
import { faultAnswer, replacesAnswer } from './fault-answer.ts';
import type { HttpHost } from './http-host.ts';
import { concurrentAfterMs } from './http-settings.ts';
import type { ApiRequest } from './request.ts';
import { decodeSegment, parseTarget } from './request.ts';
import type { SendOptions } from './sender.ts';
import { sendAnswer } from './sender.ts';
import type { Visit } from './visit.ts';

/** What the pipeline needs beside the emulation: the answers themselves. */
export interface Answers {
  /** A request of the emulated API. */
  api(request: ApiRequest): Answer;
  /** A request of the control surface or the page: no faults, no latency, not logged. */
  own(request: ApiRequest): Promise<Answer> | Answer;
  isOwn(path: string): boolean;
  isControl(path: string): boolean;
  /** Of its body, decompressed. */
  maxBodyBytes(request: ApiRequest): number;
  /** A request is under way from here until it leaves, when its answer is out; it may be refused for another one. */
  enter(request: ApiRequest): Visit;
  /** An error as the answer to that request. */
  failed(error: unknown, request: ApiRequest): Answer;
}

/** "The combined length of the URI and headers exceeds the 16,384-byte limit" (REST API, Status Codes). */
const maxHeadBytes = 16_384;

/** Runs one request through faults, latency, limits and work to its answer. Never rejects. */
export async function exchange(
  message: IncomingMessage,
  response: ServerResponse,
  emulation: HttpHost,
  answers: Answers,
): Promise<void> {
  const target = message.url ?? '/';
  const { path, query } = parseTarget(target);
  const head: ApiRequest = {
    method: (message.method ?? 'GET').toUpperCase(),
    path,
    query,
    headers: singleHeaders(message),
    body: Buffer.alloc(0),
  };
  const decoded = decodedPath(path);
  const guarded = answers.isControl(decoded);
  const refusal = guardRefusal(message, { port: emulation.port, guarded });
  if (refusal) {
    const { status, code, message: text } = refusal;
    const answer = guarded
      ? jsonAnswer(status, { error: { code, message: text } })
      : errorAnswer(apiError(status, code, text));
    response.setHeader('Connection', 'close');
    await sendAnswer(message, response, answer, sendOptions(emulation));
    return;
  }
  emulation.agenda.catchUp();
  if (answers.isOwn(decoded)) {
    const answer = await ownAnswer(message, head, emulation, answers);
    await sendAnswer(message, response, answer, sendOptions(emulation));
    return;
  }
  const started = performance.now();
  const entry = emulation.calls.open(orgDate(emulation).toISOString(), head.method, target);
  Object.assign(entry, await outcomeOf({ message, response, head, target, emulation, answers }));
  entry.ms = Math.round((performance.now() - started) * 10) / 10;
  emulation.calls.close(entry, routeOf(head.method, path));
  emulation.calls.watch(message.socket, entry);
}

interface Exchange {
  message: IncomingMessage;
  response: ServerResponse;
  head: ApiRequest;
  target: string;
  emulation: HttpHost;
  answers: Answers;
}

type Outcome = Pick<LoggedCall, 'status' | 'bytes' | 'cut' | 'committed'>;

const cutOff = (committed: boolean): Outcome => ({ status: 0, bytes: 0, cut: true, committed });

async function outcomeOf(the: Exchange): Promise<Outcome> {
  const { message, response, head, target, emulation, answers } = the;
  const fault = emulation.faults.take(head.method, head.path, target);
  if (fault?.reset === 'before') {
    cut(message);
    return cutOff(false);
  }
  const read = await readWhole(message, head, answers);
  if (read.kind === 'gone') return cutOff(false);
  if (fault?.reset === 'commit-later') {
    cut(message);
    emulation.agenda.at(emulation.org.clock.now() + fault.commitAfterMs, () => {
      if (read.kind === 'request') safely(() => answers.api(read.request), answers, head);
    });
    return cutOff(false);
  }
  const visit = read.kind === 'request' ? answers.enter(read.request) : undefined;
  try {
    const { answer, committed } = await work(the, read, fault, visit?.refusal);
    if (fault?.reset === 'after-commit') {
      cut(message);
      return cutOff(committed);
    }
    const options = { ...sendOptions(emulation), dropAfterBytes: fault?.dropAfterBytes };
    const sent = await sendAnswer(message, response, answer, options);
    return { ...sent, status: sent.cut && sent.bytes === 0 ? 0 : answer.status, committed };
  } finally {
    visit?.leave();
  }
}

function orgDate({ org }: HttpHost): Date {
  return new Date(org.clock.now());
}

function sendOptions(emulation: HttpHost): SendOptions {
  return { date: orgDate(emulation), gzip: emulation.settings.gzip };
}

type Read = { kind: 'request'; request: ApiRequest } | { kind: 'refused'; error: unknown } | { kind: 'gone' };

async function readWhole(message: IncomingMessage, head: ApiRequest, answers: Answers): Promise<Read> {
  try {
    const body = await readBody(message, answers.maxBodyBytes(head));
    return { kind: 'request', request: { ...head, body } };
  } catch (error) {
    return error instanceof ApiError ? { kind: 'refused', error } : { kind: 'gone' };
  }
}

interface Worked {
  answer: Answer;
  /** The handler ran and changed what it had to change. */
  committed: boolean;
}

async function work(
  the: Exchange,
  read: Exclude<Read, { kind: 'gone' }>,
  fault: Fault | undefined,
  refusal: Answer | undefined,
): Promise<Worked> {
  const { settings, usage } = the.emulation;
  const counts = isApi(the.head.path);
  const tooMany = counts && usage.underWay(concurrentAfterMs(settings)) >= settings.concurrentLimit;
  const end = counts && !tooMany ? usage.begin() : () => {};
  try {
    const worked = await workNow(the, { read, refusal, fault, tooMany });
    if (fault && fault.delayMs > 0 && fault.reset !== 'after-commit')
      await the.emulation.waits.pass(fault.delayMs);
    return worked;
  } finally {
    end();
  }
}

/** Logins and the list of versions count towards no limit. */
function isApi(path: string): boolean {
  return /^\/+services\/+data\/+./.test(path);
}

interface Work {
  read: Exclude<Read, { kind: 'gone' }>;
  /** For the sake of another request that is under way. */
  refusal: Answer | undefined;
  fault: Fault | undefined;
  tooMany: boolean;
}

async function workNow(
  { message, head, target, emulation, answers }: Exchange,
  { read, refusal: refused, fault, tooMany }: Work,
): Promise<Worked> {
  const { settings, waits } = emulation;
  const refusal = read.kind === 'refused' ? read.error : headRefusal(message, target);
  if (refusal) return { answer: answers.failed(refusal, head), committed: false };
  if (fault && replacesAnswer(fault) && !fault.afterCommit) {
    if (settings.latencyMs > 0) await waits.pass(settings.latencyMs);
    return { answer: faultAnswer(fault, head.path), committed: false };
  }
  if (tooMany) {
    const error = apiError(
      403,
      'REQUEST_LIMIT_EXCEEDED',
      'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    );
    return { answer: answers.failed(error, head), committed: false };
  }
  const half = Math.floor(settings.latencyMs / 2);
  if (half > 0) await waits.pass(half);
  const request = read.kind === 'request' ? read.request : head;
  await noReset(emulation);
  const real = refused ?? safely(() => answers.api(request), answers, head);
  if (settings.latencyMs - half > 0) await waits.pass(settings.latencyMs - half);
  const committed = real.status < 400;
  if (!fault) return { answer: real, committed };
  if (replacesAnswer(fault)) return { answer: faultAnswer(fault, head.path), committed };
  return { answer: { ...real, headers: { ...real.headers, ...fault.headers } }, committed };
}

/** 414 for the URI alone, 431 for URI and headers together. */
function headRefusal(message: IncomingMessage, target: string): ApiError | undefined {
  if (Buffer.byteLength(target) > maxHeadBytes) {
    return apiError(414, 'URI_TOO_LONG', `The length of the URI exceeds the ${maxHeadBytes} byte limit.`);
  }
  // Name, colon, space and line end of every header, as they came over the wire.
  const bytes = message.rawHeaders.reduce(
    (sum, part) => sum + Buffer.byteLength(part, 'latin1') + 2,
    target.length,
  );
  if (bytes <= maxHeadBytes) return undefined;
  return apiError(
    431,
    'REQUEST_HEADER_FIELDS_TOO_LARGE',
    `The combined length of the URI and headers exceeds the ${maxHeadBytes} byte limit.`,
  );
}

async function ownAnswer(
  message: IncomingMessage,
  head: ApiRequest,
  emulation: HttpHost,
  answers: Answers,
): Promise<Answer> {
  const read = await readWhole(message, head, answers);
  if (read.kind !== 'request') {
    const refused = read.kind === 'refused' && read.error instanceof ApiError ? read.error : undefined;
    return jsonAnswer(refused?.status ?? 400, {
      error: { code: 'INVALID_INPUT', message: refused?.message ?? 'The request could not be read.' },
    });
  }
  await noReset(emulation);
  try {
    return await answers.own(read.request);
  } catch (error) {
    return answers.failed(error, head);
  }
}

/** Right before the work, since a reset may begin while a body is read. */
async function noReset(emulation: HttpHost): Promise<void> {
  while (emulation.resetting) await emulation.resetting;
}

function safely(run: () => Answer, answers: Answers, head: ApiRequest): Answer {
  try {
    return run();
  } catch (error) {
    return answers.failed(error, head);
  }
}

function cut(message: IncomingMessage): void {
  message.socket.resetAndDestroy();
}

function decodedPath(path: string): string {
  return path.split('/').map(decodeSegment).join('/');
}

/** Headers with one value each; Node joins the repeatable ones itself. */
function singleHeaders({ headers }: IncomingMessage): ApiRequest['headers'] {
  const single: ApiRequest['headers'] = {};
  for (const [name, value] of Object.entries(headers)) {
    single[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return single;
}
