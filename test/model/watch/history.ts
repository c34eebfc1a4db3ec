import fc from 'fast-check';
import { type Commands, commandsOf, longHistories, playCommands, type Steps } from '../step-commands.ts';
import { emphasisArbitrary } from './emphasis.ts';
import { comeToRest } from './rest.ts';
import { isTrouble, type Step, type StepOptions, stepArbitrary } from './steps.ts';
import { take } from './take-step.ts';
import { type Beginning, World } from './world.ts';

const steps: Steps<Step, World> = { take, isTrouble, fewest: 40, most: 70 };

export interface History {
  beginning: Beginning;
  commands: Commands<World>;
}

/** `replayPath` is what fast-check prints behind the steps of a history that it has shrunk. */
export function histories({ replayPath }: { replayPath?: string | undefined } = {}): fc.Arbitrary<History> {
  return fc
    .record({
      sharing: fc.constantFrom(false, false, true),
      longMoves: fc.constantFrom(false, false, true),
      emphasis: emphasisArbitrary,
    })
    .chain((options: StepOptions) => {
      return fc.record({
        beginning: fc.record({
          contacts: fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 2, max: 60 })),
          seed: fc.integer({ min: 1, max: 5 }),
          store: fc.constantFrom('memory' as const, 'memory' as const, 'sqlite' as const),
          // What compares all mends what cycles have missed, so most histories go without.
          reconcileEveryMs: fc.constantFrom(null, null, null, null, 3_600_000, 7 * 86_400_000),
          leases: fc.constantFrom('memory' as const, 'memory' as const, 'memory' as const, 'file' as const),
          sizes: fc.constantFrom('usual' as const, 'small' as const, 'small' as const),
          gzip: fc.constantFrom(false, false, false, true),
        }),
        commands: longHistories(stepArbitrary(options), steps, { replayPath }),
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
