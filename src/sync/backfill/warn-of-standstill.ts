import type { SyncContext } from '../context.ts';

export function warnOfStandstill({ log, remote }: Pick<SyncContext, 'log' | 'remote'>): void {
  log.warn(
    `${remote.instanceUrl} refuses further requests for now; they are tried again for up to ten minutes, then the same command goes on later`,
  );
}
