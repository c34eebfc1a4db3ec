import { createHash } from 'node:crypto';
import { RecordIds } from './schema/record-id.ts';

/** Below 62^8, so that an id's nine digits hold it and what is counted on from it. */
const numbersAtMost = 62 ** 8;

/** The id of the org on a port: two emulators are two orgs, and the same port and seed are the same org again. */
export function orgIdOf(seed: number, port: number): string {
  return new RecordIds(seed).make('00D', numberOf(`org ${seed} ${port}`));
}

/** Where an org's ids of a kind that is not kept (jobs, cursors) begin, so that no other org knows them. */
export function firstNumberOf(orgId: string, kind: string): number {
  return numberOf(`${kind} ${orgId}`);
}

function numberOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) % numbersAtMost;
}
