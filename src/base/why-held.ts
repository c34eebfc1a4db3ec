/**
 * Why an entry is held and the two ways on, for people. `approve` and `drop` are what the commands of these names are to be
 * told: keys, or flags.
 */
export function whyHeld({ approve, drop }: { approve: string; drop: string }): string {
  return `Held, for it is much at once with all that waits: \`parahack-sync outbox approve ${approve}\` lets it be sent, \`parahack-sync outbox drop ${drop}\` gives it up.`;
}

/** The same where no single entry is meant: much at once is decided at once. */
export const whyAllHeld = whyHeld({ approve: '--all', drop: '--all --state held' });
