import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface ProofKey {
  /** 86 characters of base64url; RFC 7636 section 4.1 allows 43 to 128. */
  verifier: string;
  /** BASE64URL(SHA256(verifier)), RFC 7636 section 4.2, method S256. */
  challenge: string;
}

export function makeProofKey(): ProofKey {
  const verifier = randomBytes(64).toString('base64url');
  return { verifier, challenge: challengeOf(verifier) };
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier, 'ascii').digest('base64url');
}

/** The request's binding to its answer, RFC 6749 section 10.12. */
export function makeState(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
