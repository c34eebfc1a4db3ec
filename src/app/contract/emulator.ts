export interface EmulatorOptions {
  /** 0: any free port. */
  port: number;
  contacts: number;
  seed: number;
  customFields: number;
  stateFile: string | null;
  latencyMs: number;
  dailyLimit: number;
  concurrentLimit: number;
  /** Files with a describe document each. */
  objectFiles: string[];
  autoApprove: boolean;
  rotateRefreshTokens: boolean;
}

export interface EmulatorEvent {
  event: 'emulator:ready';
  url: string;
  clientId: string;
  clientSecret: string;
  username: string;
  orgId: string;
  accessToken: string;
}
