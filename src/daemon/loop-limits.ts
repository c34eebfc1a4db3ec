import type { Clock } from '../base/clock.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';

/** Cycles under way at once; the others wait for a slot. */
const maxCycles = 4;
/** First copies under way at once. They have slots of their own, because one may take hours. */
const maxFirstCopies = 2;
/** How long a cycle holds its slot at most; orgs that needed longer last time share slots of their own. */
export const cycleSlotMs = 15_000;
/** The same for a first copy: others begin beside one that takes long. */
const copySlotMs = 1_800_000;

/** What the loops of all orgs share. */
export interface LoopLimits {
  cycles: ConcurrencyLimit;
  /** For orgs whose last cycle took long, so that however many they are, they delay each other only. */
  slowCycles: ConcurrencyLimit;
  copies: ConcurrencyLimit;
}

export function loopLimits(clock: Clock): LoopLimits {
  return {
    cycles: new ConcurrencyLimit(maxCycles, cycleSlotMs, clock),
    slowCycles: new ConcurrencyLimit(maxCycles, cycleSlotMs, clock),
    copies: new ConcurrencyLimit(maxFirstCopies, copySlotMs, clock),
  };
}
