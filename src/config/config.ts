export type CredentialStoreConfig =
  | { kind: 'keychain' }
  | { kind: 'memory' }
  /** The passphrase itself or a file (0600) that holds it; the store says so where both are null. */
  | { kind: 'file'; key: string | null; keyFile: string | null };

/** An org for this one process: nothing of it is stored. */
export interface ProcessOrg {
  instanceUrl: string;
  accessToken: string;
}

export interface ProxyConfig {
  /** `HTTPS_PROXY`; null: direct. */
  httpsProxy: string | null;
  /** `NO_PROXY` by its commas. */
  noProxy: readonly string[];
}

/** How results and messages are written. */
export interface OutputConfig {
  json: boolean;
  quiet: boolean;
  /** How often `--verbose` was given. */
  verbosity: number;
}

/** What the application itself is opened with. Holds secrets: never log it. */
export interface ApplicationConfig {
  /** Absolute. */
  dataDir: string;
  /** `62.0` */
  apiVersion: string;
  credentialStore: CredentialStoreConfig;
  /** Absolute: where the file store and the refresh locks of every store lie; several data folders may share it. */
  credentialDir: string;
  clientId: string | null;
  clientSecret: string | null;
  processOrg: ProcessOrg | null;
  loginUrl: string;
  /** Share of the org's daily API requests for an org that has no share of its own, over 0 and up to 1. */
  apiBudget: number;
  /** How long work that is told to end waits for what has left, ms. */
  stopBudgetMs: number;
  proxy: ProxyConfig;
}

/** Flags, environment and defaults, read once and frozen. Holds secrets: never log it. */
export interface Config extends ApplicationConfig, OutputConfig {}
