import type { Clock } from '../base/clock.ts';
import { Places } from './places.ts';

/** Cycles under way at once; the others wait for a place. */
const maxCycles = 4;
/** First copies under way at once. They have places of their own, because one may take hours. */
const maxFirstCopies = 2;
/** How long a cycle holds its place at most; orgs that needed longer last time share places of their own. */
export const cyclePlaceMs = 15_000;
/** The same for a first copy: others begin beside one that takes long. */
const copyPlaceMs = 1_800_000;

/** What the loops of all orgs share. */
export interface LoopPlaces {
  cycles: Places;
  /** For orgs whose last cycle took long, so that however many they are, they delay each other only. */
  slowCycles: Places;
  copies: Places;
}

export function loopPlaces(clock: Clock): LoopPlaces {
  return {
    cycles: new Places(maxCycles, cyclePlaceMs, clock),
    slowCycles: new Places(maxCycles, cyclePlaceMs, clock),
    copies: new Places(maxFirstCopies, copyPlaceMs, clock),
  };
}
