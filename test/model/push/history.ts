import fc from 'fast-check';
import { type Commands, commandsOf, longHistories, playCommands, type Steps } from '../step-commands.ts';
import { comeToRest } from './rest.ts';
import { isTrouble, type Step, stepArbitrary } from './steps.ts';
import { take } from './take-step.ts';
import type { Way } from './ways.ts';
import { type Beginning, World } from './world.ts';

const steps: Steps<Step, World> = { take, isTrouble, fewest: 15, most: 35 };

export interface History {
  beginning: Beginning;
  commands: Commands<World>;
}

/** Of one way of sending. `replayPath` is what fast-check prints behind the steps of a history that it has shrunk. */
export function histories(
  way: Way,
  { replayPath }: { replayPath?: string | undefined } = {},
): fc.Arbitrary<History> {
  return fc.constantFrom(false, false, true).chain((late) => {
    return fc.record({
      beginning: fc.record({
        way: fc.constant(way),
        contacts: fc.integer({ min: 0, max: 6 }),
        seed: fc.integer({ min: 1, max: 5 }),
        store: fc.constantFrom('memory' as const, 'memory' as const, 'memory' as const, 'sqlite' as const),
        late: fc.constant(late),
        brake: fc.constantFrom('usual' as const, 'usual' as const, 'soon' as const),
      }),
      commands: longHistories(stepArbitrary(way, late), steps, { replayPath }),
    });
  });
}

/** A history as it was printed. */
export function historyOf(told: { beginning: Beginning; steps: readonly Step[] }): History {
  return { beginning: told.beginning, commands: commandsOf(told.steps, steps) };
}

/** Plays it to its rest. Throws with the history and what was done; `tally` gets how often each thing was. */
export async function play(history: History, tally: Map<string, number>): Promise<void> {
  await using world = await World.open(history.beginning);
  await playCommands(world, history, { tally, comeToRest });
}
