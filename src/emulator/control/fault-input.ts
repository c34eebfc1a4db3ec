import type { Fault } from '../http/fault.ts';
import { asObject, ControlError, need, onlyKeys, readBoolean, readCount, readText } from './control-input.ts';

const keys = [
  'match',
  'times',
  'skip',
  'status',
  'errorCode',
  'message',
  'body',
  'headers',
  'delayMs',
  'dropAfterBytes',
  'reset',
  'commitAfterMs',
  'afterCommit',
];
const resets = ['before', 'after-commit', 'commit-later'] as const;

/** Reads the list of faults of a control request. */
export function readFaults(value: unknown): Fault[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((item, i) => readFault(item, `Fault ${i}`));
}

function readFault(value: unknown, what: string): Fault {
  const body = asObject(value, what);
  onlyKeys(body, keys);
  const status = readCount(body, 'status', { max: 599 });
  if (status !== undefined && status < 200) throw new ControlError(`${what}: "status" must be 200 to 599.`);
  const reset = readText(body, 'reset');
  if (reset !== undefined && !resets.includes(reset as (typeof resets)[number])) {
    throw new ControlError(`${what}: "reset" must be one of ${resets.join(', ')}.`);
  }
  const times = readCount(body, 'times', { max: 1_000_000_000 }) ?? 1;
  if (times < 1) throw new ControlError(`${what}: "times" must be 1 or more.`);
  const fault: Fault = {
    match: readMatch(need(readText(body, 'match'), 'match'), what),
    times,
    skip: readCount(body, 'skip', { max: 1_000_000_000 }) ?? 0,
    headers: readHeaders(body.headers, what),
    delayMs: readCount(body, 'delayMs', { max: 2 ** 31 - 1 }) ?? 0,
    commitAfterMs: readCount(body, 'commitAfterMs', { max: 2 ** 31 - 1 }) ?? 0,
    afterCommit: readBoolean(body, 'afterCommit') ?? false,
  };
  const errorCode = readText(body, 'errorCode');
  const message = readText(body, 'message');
  const dropAfterBytes = readCount(body, 'dropAfterBytes', { max: Number.MAX_SAFE_INTEGER });
  if (status !== undefined) fault.status = status;
  if (errorCode !== undefined) fault.errorCode = errorCode;
  if (message !== undefined) fault.message = message;
  if (body.body !== undefined) fault.body = body.body;
  if (dropAfterBytes !== undefined) fault.dropAfterBytes = dropAfterBytes;
  if (reset !== undefined) fault.reset = reset as (typeof resets)[number];
  return fault;
}

const longestMatch = 1_000;

function readMatch(pattern: string, what: string): RegExp {
  if (pattern.length > longestMatch) {
    throw new ControlError(`${what}: "match" may have ${longestMatch} characters.`);
  }
  try {
    return new RegExp(pattern);
  } catch {
    throw new ControlError(`${what}: "match" is not a regular expression: ${pattern}`);
  }
}

function readHeaders(value: unknown, what: string): Record<string, string> {
  if (value === undefined) return {};
  const headers = Object.entries(asObject(value, `${what}: "headers"`));
  for (const [name, text] of headers) {
    const value = typeof text === 'string' || typeof text === 'number' ? String(text) : '\n';
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new ControlError(`${what}: the header "${name}" is not valid.`);
    }
  }
  return Object.fromEntries(headers.map(([name, text]) => [name, String(text)]));
}

/** A fault as it was posted, for `GET /__emulator/faults`. */
export function faultAsJson(fault: Fault): Record<string, unknown> {
  return { ...fault, match: fault.match.source };
}
