/** One renewal, login or logout of an org at a time among all processes that share the credential store. */
export function refreshLockName(orgId: string): string {
  return `refresh-${orgId.slice(0, 15)}`;
}

/** Longer than its holder takes at most: one request of 30 seconds and the store's own waits. */
export const refreshLockTimeoutMs = 120_000;
