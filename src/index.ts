import { assertNodeVersion } from './base/node-version.ts';
import { type OpenOptions, openLibrary } from './library/open-library.ts';
import type { ParahackSync } from './library/parahack-sync.ts';

/**
 * Opens the application for a program. Dispose it, or call `close()`, at the end. Throws AppError `INVALID_INPUT` or
 * `NOT_AVAILABLE` where an option is wrong or Node.js is too old, `FILES_EXPOSED` where the data folder is open to others.
 */
export async function openParahackSync(options: OpenOptions): Promise<ParahackSync> {
  assertNodeVersion();
  const { createApp } = await import('./compose/create-app.ts');
  return openLibrary(options, createApp);
}

export type { ErrorCode } from './base/error-codes.ts';
export { errorCodes } from './base/error-codes.ts';
export type { DetailsOf } from './base/error-details.ts';
export { AppError, isAppError } from './base/errors.ts';
export type { LogFields, Logger, LogLevel } from './base/logger.ts';
export type { ApplicationOptions } from './config/application-config.ts';
export type * from './contract/archives.ts';
export type * from './contract/backfill.ts';
export type * from './contract/contacts.ts';
export type * from './contract/doctor.ts';
export type * from './contract/error-info.ts';
export type * from './contract/limits.ts';
export type * from './contract/login.ts';
export type * from './contract/orgs.ts';
export type * from './contract/outbox.ts';
export type * from './contract/progress.ts';
export type * from './contract/push.ts';
export type * from './contract/runs.ts';
export type * from './contract/status.ts';
export type * from './contract/watch.ts';
export type { OpenOptions } from './library/open-library.ts';
export type * from './library/parahack-sync.ts';
export { main } from './main.ts';
export type { AuthState } from './org/auth-state.ts';
export type { GrantKind } from './org/grant-kind.ts';
