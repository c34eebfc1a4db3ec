/** What a world tells of the history that was played in it. */
export interface Told {
  readonly log: readonly string[];
  /** How often each kind of thing was done. */
  readonly done: ReadonlyMap<string, number>;
}

/** Throws with the history, as far as it was played, and what was done; `tally` gets how often each thing was. */
export async function playTold(
  world: Told,
  { tally, history }: { tally: Map<string, number>; history: () => string },
  play: () => Promise<void>,
): Promise<void> {
  try {
    await play();
  } catch (error) {
    throw new Error(`${(error as Error).stack}\n${world.log.join('\n')}\nHistory: ${history()}`);
  }
  for (const [kind, count] of world.done) tally.set(kind, (tally.get(kind) ?? 0) + count);
}
