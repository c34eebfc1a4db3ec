import type { LogFields, Logger, LogLevel } from '../base/logger.ts';
import type { ApplicationConfig } from '../config/config.ts';
import { createRedact, redactDeep } from '../contract/redact.ts';

/** Should a room put a secret into its messages all the same, it ends here. */
export function redactedLog(
  log: Partial<Logger>,
  { clientSecret, credentialStore, processOrg }: ApplicationConfig,
): Logger {
  const key = credentialStore.kind === 'file' ? credentialStore.key : null;
  const redact = createRedact([clientSecret, key, processOrg?.accessToken]);
  const to =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      log[level]?.(redact(message), fields && redactDeep(texts(fields), redact));
  return { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') };
}

/** An error as its message: it has no members of its own to show. */
function texts(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value]),
  );
}
