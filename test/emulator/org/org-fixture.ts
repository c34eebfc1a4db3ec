import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { SaveResult } from '../../../src/emulator/engine/save-result.ts';
import { openOrg } from '../../../src/emulator/org/open-org.ts';
import type { OpenOrgOptions, Org } from '../../../src/emulator/org/org.ts';
import type { JsonObject } from '../../../src/emulator/schema/json.ts';

/** A Wednesday, in the middle of a minute, after the seeded history. */
export const NOW = Date.UTC(2026, 5, 17, 12, 30, 15);
export const V = { apiVersion: '62.0' };

/** An org on a clock that stands still unless it is moved. */
export async function testOrg(options: OpenOrgOptions = {}): Promise<{ org: Org; me: Actor; other: Actor }> {
  const org = await openOrg({ contacts: 0, customFields: 10, wallClock: () => NOW, ...options });
  return { org, me: { userId: org.users[0]!.id }, other: { userId: org.users[1]!.id } };
}

export function rows(org: Org, actor: Actor, soql: string, all = false): JsonObject[] {
  const result = org.query(actor, soql, { ...V, all });
  return result.records(0, result.totalSize);
}

/** The values of one column. */
export function column(org: Org, actor: Actor, soql: string, name = 'LastName', all = false): unknown[] {
  return rows(org, actor, soql, all).map((row) => row[name]);
}

export function create(org: Org, actor: Actor, fields: Record<string, unknown>, object = 'Contact'): string {
  return idOf(org.create(actor, [{ object, fields }])[0]!);
}

export function idOf(result: SaveResult): string {
  if (!result.success || result.id === null) throw new Error(JSON.stringify(result.errors));
  return result.id;
}

/** `CODE: message` of what a call throws. */
export function faultOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { errorCode, message } = error as { errorCode?: string; message: string };
    return `${errorCode ?? 'not a fault'}: ${message}`;
  }
  return 'nothing was thrown';
}

/** The codes of a result's errors. */
export function codes(results: readonly SaveResult[]): string[] {
  return results.map((result) => result.errors.map((error) => error.statusCode).join(' ') || 'ok');
}

export const iso = (ms: number): string => new Date(ms).toISOString();
