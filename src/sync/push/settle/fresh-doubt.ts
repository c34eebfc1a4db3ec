import type { Doubt } from '../../ports/doubt.ts';

/** A doubt of which nothing is known yet but what is given. */
export function freshDoubt(known: Partial<Doubt>): Doubt {
  return {
    endedOrgAt: null,
    madeBefore: null,
    askedAt: null,
    reason: 'not-covered',
    candidates: [],
    candidatesTotal: 0,
    ...known,
  };
}
