import type { Clock } from '../base/clock.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';

/**
 * Cycles under way at once; the others wait for a slot. An idle cycle of a real org takes half a second, nearly all of
 * it spent waiting, so that 500 orgs every 30 seconds need eight or nine.
 */
const maxCycles = 16;
/** How long a cycle holds its slot at most; orgs that needed longer last time share slots of their own. */
export const cycleSlotMs = 15_000;
/** With those that have outstayed their slot: each has a mirror and a connection open, some seven files. */
const maxCyclesAtAll = 40;
const maxSlowCycles = 4;
const maxSlowCyclesAtAll = 12;
/** For orgs that gave no answer last time; a slot of their own each, because they do nothing but wait. */
const maxSilentCycles = 8;
/** An org that answers at all nearly always does so sooner; one that does not leaves the others its slot. */
const silentSlotMs = 1_000;
/**
 * How long one that has not answered yet may keep a place that others wait for; it then goes on waiting in a place of
 * the silent ones. Many that turn dead at once would hold up all others for as long as this takes.
 */
const silentPlaceMs = 1_000;
/** The same among those that are known to be silent, and for first copies: there it has failed then. */
const silentAmongSilentMs = 8_000;
/** First copies under way at once. They have slots of their own, because one may take hours. */
const maxFirstCopies = 2;
const maxFirstCopiesAtAll = 8;
/** The same for a first copy: others begin beside one that takes long. */
const copySlotMs = 1_800_000;
/** Up to so many orgs stay open between their turns; where there are more, each is opened for its turn alone. */
export const maxKeptOpen = 24;

/** What the loops of all orgs share. */
export interface LoopLimits {
  cycles: ConcurrencyLimit;
  /** For orgs whose last cycle took long, so that however many they are, they delay each other only. */
  slowCycles: ConcurrencyLimit;
  /**
   * For orgs that could not be reached last time or have given no answer: they wait for each other only. A cycle that has
   * its answer and takes long moves to `cycles`.
   */
  silentCycles: ConcurrencyLimit;
  copies: ConcurrencyLimit;
}

export function loopLimits(clock: Clock): LoopLimits {
  const limit = (slots: number, atMost: number, lendMs: number, silentMs: number) =>
    new ConcurrencyLimit({ slots, atMost, lendMs, lendSilentMs: silentSlotMs, silentMs }, clock);
  return {
    cycles: limit(maxCycles, maxCyclesAtAll, cycleSlotMs, silentPlaceMs),
    slowCycles: limit(maxSlowCycles, maxSlowCyclesAtAll, cycleSlotMs, silentPlaceMs),
    silentCycles: limit(maxSilentCycles, maxSilentCycles, cycleSlotMs, silentAmongSilentMs),
    copies: limit(maxFirstCopies, maxFirstCopiesAtAll, copySlotMs, silentAmongSilentMs),
  };
}
