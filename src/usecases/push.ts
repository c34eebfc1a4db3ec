import { CloseStack } from '../base/close-stack.ts';
import { AppError, isAppError } from '../base/errors.ts';
import type { CallContext } from '../contract/app.ts';
import type { ProgressEvent } from '../contract/progress.ts';
import type { PushOptions, PushResult } from '../contract/push.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { push } from '../sync/push/push.ts';
import { oneOrg } from './chosen-orgs.ts';
import { type ConnectParts, connectOrg } from './connect-org.ts';
import { withKnownHeaders } from './headers-alone.ts';
import { peopleById } from './matched-contacts.ts';
import { type OrgLeases, withDrainLease } from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';
import { progressOf } from './progress-events.ts';
import { pushResult } from './push-result.ts';

export interface PushParts extends Omit<OrgDirectory, 'registry'>, ConnectParts, OrgLeases {
  readonly mirrors: ConnectParts['mirrors'] & OrgLeases['mirrors'] & Pick<Mirrors, 'read' | 'startWriting'>;
  /** Loads what calls of an org take, while something else is waited for. Never throws. */
  loadAhead(): void;
  /** Calls `close` when the answered function is called, at the latest when the application ends. */
  closeLater(close: () => Promise<void>): () => Promise<void>;
}

/** The result is read while its org is connected; both end with the result, or with the application. */
export async function pushRecords(
  parts: PushParts,
  { org: name, keepRejects, headersAlone = () => [], ...options }: PushOptions,
  { signal, onEvent }: CallContext<ProgressEvent>,
): Promise<PushResult> {
  const org = await oneOrg(parts, name);
  const { instanceUrl } = org;
  const result = CloseStack.opening(async (opened) => {
    parts.mirrors.startWriting();
    parts.loadAhead();
    const connecting = { signal, onEvent: progressOf(onEvent), orWithoutLogin: options.queue };
    const connected = opened.use(await connectOrg(parts, org, connecting));
    const onWait = () => onEvent({ event: 'push:waiting', instanceUrl });
    const withLease = withDrainLease(parts, instanceUrl, signal, onWait);
    const records = withKnownHeaders(options.records, headersAlone, connected.context);
    const job = { ...options, records, keepGiven: keepRejects, withDrainLease: withLease, signal };
    const report = await connected.budget.asPush(() => push(connected.context, job));
    opened.use(report);
    return pushResult(
      instanceUrl,
      report,
      (ids) => peopleById(parts.mirrors, instanceUrl, ids),
      parts.closeLater(() => opened[Symbol.asyncDispose]()),
    );
  });
  return result.catch((error: unknown) => {
    throw isAppError(error, 'API_BUDGET_EXHAUSTED') ? beforeOutbox(error) : error;
  });
}

/**
 * What ends a push by an error has ended it before its records came into the outbox: nothing goes on with them by itself, but
 * what waits of an earlier try, of which nothing is known here.
 */
function beforeOutbox(error: AppError<'API_BUDGET_EXHAUSTED'>): AppError {
  const { code, message, details } = error;
  // Only the refusal for this tool's own share says what that allows.
  const isOfShare = (details as { allowed?: number } | undefined)?.allowed !== undefined;
  const mend = isOfShare
    ? '`parahack-sync orgs set ORG --budget SHARE` raises the share of this tool.'
    : '`parahack-sync limits` asks Salesforce what is left.';
  return new AppError(code, message, {
    hint: `Nothing was sent, and this push has put nothing into the outbox: push the records again later. Where an earlier try of them waits there, that goes on with it and sends nothing twice. ${mend}`,
    details,
    cause: error,
  });
}
