import type { Credential } from './credential.ts';

/** Whether what lies in a store is one of these, as it was when it was read; without any, anything may be replaced. */
export function mayReplace(lying: Credential | null, inPlaceOf: readonly Credential[] | undefined): boolean {
  if (inPlaceOf === undefined) return true;
  return lying !== null && inPlaceOf.some((known) => isSame(known, lying));
}

function isSame(a: Credential, b: Credential): boolean {
  return (
    a.grant === b.grant &&
    a.userId === b.userId &&
    a.accessToken === b.accessToken &&
    a.refreshToken === b.refreshToken &&
    a.refused?.at === b.refused?.at
  );
}
