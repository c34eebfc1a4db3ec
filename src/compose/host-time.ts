import { throwIfAborted } from '../base/abort.ts';
import { AppError } from '../base/errors.ts';
import { networkFailure } from '../wire/network-failure.ts';
import type { Wire } from '../wire/open-wire.ts';

const patience = { headersMs: 10_000, idleBodyMs: 10_000, answerMs: 10_000 };

/**
 * The `Date` of what a host answers, ms since 1970, null where it has none: whatever it answers, it answers. Asks for the
 * list of API versions, which needs no login. Throws AppError `NETWORK_UNREACHABLE`, `TIMEOUT` or `SALESFORCE_ERROR`.
 */
export async function hostTime(wire: Wire, url: string, signal: AbortSignal): Promise<number | null> {
  const { origin, host } = new URL(url);
  const path = '/services/data';
  const headers = { accept: 'application/json', 'user-agent': 'parahack-sync' };
  try {
    const answer = await wire.exchange({ method: 'GET', origin, path, headers }, patience, signal);
    answer.body.drop();
    const time = Date.parse(answer.header('date') ?? '');
    return Number.isNaN(time) ? null : time;
  } catch (error) {
    throwIfAborted(signal);
    const { code, message, hint, cause } = networkFailure(error, `GET ${path}`, host);
    throw new AppError(code, message, { hint, cause });
  }
}
