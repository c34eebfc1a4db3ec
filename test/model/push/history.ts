import fc from 'fast-check';
import { comeToRest } from './rest.ts';
import { isTrouble, type Step, stepArbitrary } from './steps.ts';
import { take } from './take-step.ts';
import type { Way } from './ways.ts';
import { type Beginning, World } from './world.ts';

const fewestSteps = 15;
const mostSteps = 35;
const fewestTroubles = 3;

/** One step as fast-check takes it; there is always something to be done. */
class StepCommand implements fc.AsyncCommand<object, World> {
  readonly step: Step;

  constructor(step: Step) {
    this.step = step;
  }

  check(): boolean {
    return true;
  }

  async run(_model: object, world: World): Promise<void> {
    await take(world, this.step);
  }

  toString(): string {
    return JSON.stringify(this.step);
  }
}

type Commands = Iterable<fc.AsyncCommand<object, World>>;

/** Histories are long when they are made, and as short as may be when one is shrunk. */
class LongHistories extends fc.Arbitrary<Commands> {
  readonly #any: fc.Arbitrary<Commands>;

  constructor(any: fc.Arbitrary<Commands>) {
    super();
    this.#any = any;
  }

  override generate(random: fc.Random, biasFactor: number | undefined): fc.Value<Commands> {
    for (;;) {
      const value = this.#any.generate(random, biasFactor);
      // What holds the commands names none of them but by its text.
      const steps = [...value.value_].map((command) => JSON.parse(String(command)) as Step);
      if (steps.length >= fewestSteps && steps.filter(isTrouble).length >= fewestTroubles) return value;
    }
  }

  override canShrinkWithoutContext(value: unknown): value is Commands {
    return this.#any.canShrinkWithoutContext(value);
  }

  override shrink(value: Commands, context: unknown): fc.Stream<fc.Value<Commands>> {
    return this.#any.shrink(value, context);
  }
}

export interface History {
  beginning: Beginning;
  commands: Commands;
}

/** Of one way of sending. `replayPath` is what fast-check prints behind the steps of a history that it has shrunk. */
export function histories(
  way: Way,
  { replayPath }: { replayPath?: string | undefined } = {},
): fc.Arbitrary<History> {
  const limits = { maxCommands: mostSteps, size: 'max' as const };
  return fc.constantFrom(false, false, true).chain((late) => {
    const command = stepArbitrary(way, late).map((step) => new StepCommand(step));
    const replay = replayPath === undefined ? {} : { replayPath };
    return fc.record({
      beginning: fc.record({
        way: fc.constant(way),
        contacts: fc.integer({ min: 0, max: 6 }),
        seed: fc.integer({ min: 1, max: 5 }),
        store: fc.constantFrom('memory' as const, 'memory' as const, 'memory' as const, 'sqlite' as const),
        late: fc.constant(late),
      }),
      commands: new LongHistories(fc.commands([command], { ...limits, ...replay })),
    });
  });
}

/** A history as it was printed. */
export function historyOf({ beginning, steps }: { beginning: Beginning; steps: readonly Step[] }): History {
  return { beginning, commands: steps.map((step) => new StepCommand(step)) };
}

/** Plays it to its rest. Throws with the history and what was done; `tally` gets how often each thing was. */
export async function play({ beginning, commands }: History, tally: Map<string, number>): Promise<void> {
  await using world = await World.open(beginning);
  const steps: string[] = [];
  const noted = [...commands].map(
    (command): fc.AsyncCommand<object, World> => ({
      check: (model) => command.check(model),
      run: async (model, real) => {
        steps.push(String(command));
        await command.run(model, real);
      },
    }),
  );
  try {
    await fc.asyncModelRun(() => ({ model: {}, real: world }), noted);
    await comeToRest(world);
  } catch (error) {
    const history = `{"beginning":${JSON.stringify(beginning)},"steps":[${steps.join(',')}]}`;
    throw new Error(`${(error as Error).stack}\n${world.log.join('\n')}\nHistory: ${history}`);
  }
  for (const [kind, count] of world.done) tally.set(kind, (tally.get(kind) ?? 0) + count);
}
