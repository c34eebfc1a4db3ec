import fc from 'fast-check';
import { conflictPolicies } from '../../../src/org/conflict-policy.ts';
import { playTold } from '../play-told.ts';
import { comeToRest } from './rest.ts';
import { type Step, stepArbitrary } from './steps.ts';
import { take } from './take-step.ts';
import { type Beginning, World } from './world.ts';

const fewestSteps = 18;
const mostSteps = 40;

export interface History {
  beginning: Beginning;
  steps: readonly Step[];
}

export function histories(): fc.Arbitrary<History> {
  return fc.record({
    beginning: fc.record({
      contacts: fc.integer({ min: 2, max: 10 }),
      seed: fc.integer({ min: 1, max: 5 }),
      policy: fc.constantFrom(...conflictPolicies),
      keys: fc.constantFrom(true, false),
    }),
    steps: fc.array(stepArbitrary, { minLength: fewestSteps, maxLength: mostSteps, size: 'max' }),
  });
}

/** Plays it to its rest. Throws with the history and what was done; `tally` gets how often each thing was. */
export async function play({ beginning, steps }: History, tally: Map<string, number>): Promise<void> {
  await using world = await World.open(beginning);
  const taken: Step[] = [];
  const history = () => JSON.stringify({ beginning, steps: taken });
  await playTold(world, { tally, history }, async () => {
    for (const step of steps) {
      taken.push(step);
      await take(world, step);
    }
    await comeToRest(world);
  });
}
