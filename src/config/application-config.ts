import { resolve } from 'node:path';
import { AppError } from '../base/errors.ts';
import { parseApiBudget } from './api-budget.ts';
import { readApiVersion } from './api-version.ts';
import type { ApplicationConfig, CredentialStoreConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { readConfig } from './read-config.ts';
import { checkServiceUrl } from './service-url.ts';
import { checkStopBudget } from './stop-budget.ts';

/** How the application is opened by a program: what is left out is as the command line has it without any flag. */
export interface ApplicationOptions {
  /** Where the list of orgs, mirrors and locks lie; made where it is not there. Needed where no `env` is given. */
  dataDir?: string | undefined;
  /** Where logins are kept; the keychain unless told. With `file` a passphrase or the file that holds it is needed. */
  credentialStore?:
    | 'keychain'
    | 'memory'
    | { kind: 'file'; key: string }
    | { kind: 'file'; keyFile: string }
    | undefined;
  /** Where the file store and the locks of renewals lie; `credentials` in the data folder unless told. */
  credentialDir?: string | undefined;
  /** Such as `62.0`. */
  apiVersion?: string | undefined;
  /** Consumer key and secret of your external client app, for logins that name none. */
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  /** Where browser and JWT logins go that name no other; https://login.salesforce.com unless told. */
  loginUrl?: string | undefined;
  /** Share of an org's daily API requests, over 0 and up to 1; a quarter unless told. */
  apiBudget?: number | undefined;
  /** How long a call that is told to end waits for the answer to what it has sent, 1,000 to 600,000 ms; 60,000 unless told. */
  stopTimeoutMs?: number | undefined;
  /** An org for this process alone: its token is stored nowhere. */
  org?: { instanceUrl: string; accessToken: string } | undefined;
  /** `httpsProxy`: URL of the proxy. `noProxy`: hosts that are called directly. */
  proxy?: { httpsProxy: string; noProxy?: readonly string[] | undefined } | undefined;
  /**
   * Where the variables of the command line (`PARAHACK_SYNC_…`, `HTTPS_PROXY`, `NO_PROXY`) are read for what is not given
   * above, `process.env` say. Left out: no environment is read.
   */
  env?: Environment | undefined;
}

/** Throws AppError `INVALID_INPUT` or `NOT_AVAILABLE` that names the option and how to mend it. Reads no file. */
export function applicationConfig(options: ApplicationOptions, cwd: string): ApplicationConfig {
  if (options.dataDir === undefined && options.env === undefined) {
    throw new AppError('INVALID_INPUT', 'dataDir is missing, and no env is given to take it from.', {
      hint: 'Name a folder for the mirrors, such as dataDir: "./data", or give env: process.env.',
    });
  }
  refuseEmpty(options);
  const proxy = options.proxy && {
    https_proxy: options.proxy.httpsProxy,
    no_proxy: options.proxy.noProxy?.join(','),
  };
  const base = readConfig({
    flags: { dataDir: options.dataDir },
    env: { ...options.env, ...proxy },
    cwd,
  });
  const { credentialDir, apiBudget, org, stopTimeoutMs } = options;
  return Object.freeze({
    dataDir: base.dataDir,
    apiVersion: readApiVersion(options.apiVersion, 'apiVersion'),
    credentialStore:
      options.credentialStore === undefined
        ? base.credentialStore
        : Object.freeze(storeOf(options.credentialStore, cwd)),
    credentialDir: credentialDir === undefined ? base.credentialDir : resolve(cwd, credentialDir),
    clientId: options.clientId ?? base.clientId,
    clientSecret: options.clientSecret ?? base.clientSecret,
    processOrg:
      org === undefined
        ? base.processOrg
        : Object.freeze({
            instanceUrl: checkServiceUrl(org.instanceUrl, 'org.instanceUrl'),
            accessToken: org.accessToken,
          }),
    loginUrl: options.loginUrl === undefined ? base.loginUrl : checkServiceUrl(options.loginUrl, 'loginUrl'),
    apiBudget: apiBudget === undefined ? base.apiBudget : parseApiBudget(String(apiBudget), 'apiBudget'),
    stopBudgetMs:
      stopTimeoutMs === undefined ? base.stopBudgetMs : checkStopBudget(stopTimeoutMs, 'stopTimeoutMs'),
    proxy: base.proxy,
  });
}

/** As the command line does: an empty path would mean the current folder. */
function refuseEmpty(options: ApplicationOptions): void {
  const { dataDir, credentialDir, apiVersion, clientId, clientSecret, loginUrl, credentialStore } = options;
  const keyFile =
    typeof credentialStore === 'object' && credentialStore !== null && 'keyFile' in credentialStore
      ? credentialStore.keyFile
      : undefined;
  const texts = { dataDir, credentialDir, apiVersion, clientId, clientSecret, loginUrl, keyFile };
  for (const [name, value] of Object.entries(texts)) {
    if (typeof value !== 'string' || value.trim() !== '') continue;
    throw new AppError('INVALID_INPUT', `${name} is empty.`, { hint: 'Give a value, or leave it out.' });
  }
}

function storeOf(
  store: NonNullable<ApplicationOptions['credentialStore']>,
  cwd: string,
): CredentialStoreConfig {
  if (store === 'keychain' || store === 'memory') return { kind: store };
  const named = typeof store === 'object' && store !== null ? store : null;
  const key = named !== null && 'key' in named ? named.key : null;
  const keyFile = named !== null && 'keyFile' in named ? named.keyFile : null;
  if (named?.kind === 'file' && (typeof key === 'string') !== (typeof keyFile === 'string'))
    return { kind: 'file', key, keyFile: keyFile === null ? null : resolve(cwd, keyFile) };
  throw new AppError('INVALID_INPUT', 'credentialStore names no credential store.', {
    hint: 'Give "keychain", "memory", { kind: "file", key } or { kind: "file", keyFile }.',
  });
}
