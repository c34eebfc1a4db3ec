export interface EmulatorOptions {
  /** How many, each on a port of its own. */
  orgs: number;
  /** 0: any free port. */
  port: number;
  contacts: number;
  seed: number;
  customFields: number;
  /** Of a new org; null: follows port and seed. */
  orgId: string | null;
  stateFile: string | null;
  latencyMs: number;
  dailyLimit: number;
  concurrentLimit: number;
  /** Files with a describe document each. */
  objectFiles: string[];
  autoApprove: boolean;
  rotateRefreshTokens: boolean;
}

export interface EmulatedOrg {
  url: string;
  clientId: string;
  clientSecret: string;
  username: string;
  orgId: string;
  accessToken: string;
}

/** The keys of the first org, and all of them under `orgs`. */
export interface EmulatorEvent extends EmulatedOrg {
  event: 'emulator:ready';
  orgs: EmulatedOrg[];
}
