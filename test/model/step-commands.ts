import fc from 'fast-check';
import { playTold, type Told } from './play-told.ts';

export type Commands<World> = Iterable<fc.AsyncCommand<object, World>>;

/** The steps of one model. */
export interface Steps<Step, World> {
  take(world: World, step: Step): Promise<void>;
  isTrouble(step: Step): boolean;
  fewest: number;
  most: number;
}

/** A history that hardly anything is in the way of shows little. */
const fewestTroubles = 3;

/** One step as fast-check takes it; there is always something to be done. */
class StepCommand<Step, World> implements fc.AsyncCommand<object, World> {
  readonly #step: Step;
  readonly #take: Steps<Step, World>['take'];

  constructor(step: Step, take: Steps<Step, World>['take']) {
    this.#step = step;
    this.#take = take;
  }

  check(): boolean {
    return true;
  }

  async run(_model: object, world: World): Promise<void> {
    await this.#take(world, this.#step);
  }

  toString(): string {
    return JSON.stringify(this.#step);
  }
}

/** Histories are long when they are made, and as short as may be when one is shrunk. */
class LongHistories<Step, World> extends fc.Arbitrary<Commands<World>> {
  readonly #any: fc.Arbitrary<Commands<World>>;
  readonly #steps: Steps<Step, World>;

  constructor(any: fc.Arbitrary<Commands<World>>, steps: Steps<Step, World>) {
    super();
    this.#any = any;
    this.#steps = steps;
  }

  override generate(random: fc.Random, biasFactor: number | undefined): fc.Value<Commands<World>> {
    const { isTrouble, fewest } = this.#steps;
    for (;;) {
      const value = this.#any.generate(random, biasFactor);
      // What holds the commands names none of them but by its text.
      const steps = [...value.value_].map((command) => JSON.parse(String(command)) as Step);
      if (steps.length >= fewest && steps.filter(isTrouble).length >= fewestTroubles) return value;
    }
  }

  override canShrinkWithoutContext(value: unknown): value is Commands<World> {
    return this.#any.canShrinkWithoutContext(value);
  }

  override shrink(value: Commands<World>, context: unknown): fc.Stream<fc.Value<Commands<World>>> {
    return this.#any.shrink(value, context);
  }
}

/** Steps as commands. `replayPath` is what fast-check prints behind the steps of a history that it has shrunk. */
export function longHistories<Step, World>(
  step: fc.Arbitrary<Step>,
  steps: Steps<Step, World>,
  { replayPath }: { replayPath?: string | undefined },
): fc.Arbitrary<Commands<World>> {
  const command = step.map((one) => new StepCommand<Step, World>(one, steps.take));
  const replay = replayPath === undefined ? {} : { replayPath };
  return new LongHistories(
    fc.commands([command], { maxCommands: steps.most, size: 'max', ...replay }),
    steps,
  );
}

/** Of steps as they were printed. */
export function commandsOf<Step, World>(
  told: readonly Step[],
  { take }: Pick<Steps<Step, World>, 'take'>,
): Commands<World> {
  return told.map((step) => new StepCommand<Step, World>(step, take));
}

/** Plays a history to its rest. Throws with the history and what was done; `tally` gets how often each thing was. */
export async function playCommands<World extends Told>(
  world: World,
  { beginning, commands }: { beginning: object; commands: Commands<World> },
  { tally, comeToRest }: { tally: Map<string, number>; comeToRest: (world: World) => Promise<void> },
): Promise<void> {
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
  const history = () => `{"beginning":${JSON.stringify(beginning)},"steps":[${steps.join(',')}]}`;
  await playTold(world, { tally, history }, async () => {
    await fc.asyncModelRun(() => ({ model: {}, real: world }), noted);
    await comeToRest(world);
  });
}
