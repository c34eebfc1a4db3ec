import { join, resolve } from 'node:path';
import { AppError } from '../base/errors.ts';
import { defaultApiBudget, parseApiBudget } from './api-budget.ts';
import { readApiVersion } from './api-version.ts';
import type { Config } from './config.ts';
import { readCredentialStore } from './credential-store-config.ts';
import { readDataDir } from './data-dir.ts';
import { type Environment, readVariable } from './environment.ts';
import type { GlobalFlags } from './global-flags.ts';
import { readOutputConfig } from './output-config.ts';
import { readProcessOrg } from './process-org.ts';
import { readProxy } from './proxy-config.ts';
import { checkServiceUrl } from './service-url.ts';
import { readStopBudget } from './stop-budget.ts';

export interface ConfigSources {
  flags: GlobalFlags;
  env: Environment;
  /** What relative paths are relative to. */
  cwd: string;
}

/**
 * Flags, environment and defaults in one frozen object. Throws AppError `INVALID_INPUT` or `NOT_AVAILABLE` that names
 * the variable or flag and how to mend it. Reads no file.
 */
export function readConfig({ flags, env, cwd }: ConfigSources): Config {
  refuseDatabase(env);
  const dataDir = readDataDir(flags.dataDir, env, cwd);
  const credentialDir = readVariable(env, 'PARAHACK_SYNC_CREDENTIAL_DIR');
  const budget = readVariable(env, 'PARAHACK_SYNC_API_BUDGET');
  const loginUrl = readVariable(env, 'PARAHACK_SYNC_LOGIN_URL');
  return Object.freeze({
    ...readOutputConfig(flags),
    dataDir,
    apiVersion: readApiVersion(flags.apiVersion),
    credentialStore: Object.freeze(readCredentialStore(env, cwd)),
    credentialDir: credentialDir === null ? join(dataDir, 'credentials') : resolve(cwd, credentialDir),
    clientId: readVariable(env, 'PARAHACK_SYNC_CLIENT_ID'),
    clientSecret: readVariable(env, 'PARAHACK_SYNC_CLIENT_SECRET'),
    processOrg: Object.freeze(readProcessOrg(env)),
    loginUrl:
      loginUrl === null
        ? 'https://login.salesforce.com'
        : checkServiceUrl(loginUrl, 'PARAHACK_SYNC_LOGIN_URL'),
    apiBudget: budget === null ? defaultApiBudget : parseApiBudget(budget, 'PARAHACK_SYNC_API_BUDGET'),
    stopBudgetMs: readStopBudget(flags.stopTimeout, env),
    proxy: Object.freeze(readProxy(env)),
  });
}

/** Whoever names a database must not find the mirrors in files, and secrets in another store, later on. */
function refuseDatabase(env: Environment): void {
  if (readVariable(env, 'PARAHACK_SYNC_DATABASE_URL') === null) return;
  throw new AppError(
    'NOT_AVAILABLE',
    'A database in place of the data folder (PARAHACK_SYNC_DATABASE_URL) is not part of this version yet.',
    { hint: 'Unset PARAHACK_SYNC_DATABASE_URL: mirrors are SQLite files in the data folder.' },
  );
}
