import { randomUUID } from 'node:crypto';

let token: string | null = null;

/** Tells this process from every other, also from one of the same id in another container or before a restart. */
export function processToken(): string {
  token ??= randomUUID();
  return token;
}
