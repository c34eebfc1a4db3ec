import { AppError } from '../base/errors.ts';
import type { OutboxEntry, OutboxState } from '../sync/ports/outbox-entry.ts';

const words: Partial<Record<OutboxState, string>> = { conflict: 'in conflict', 'in-doubt': 'in doubt' };

/** Whoever names an entry of another state than a command is for wants to hear which command is for that one. */
export function wrongState(
  prefix: string,
  { state, key }: Pick<OutboxEntry, 'state' | 'key'>,
  wanted: readonly OutboxState[],
): AppError {
  const wordOf = (one: OutboxState) => words[one] ?? one;
  const any = new Intl.ListFormat('en', { type: 'disjunction' }).format(wanted.map(wordOf));
  return new AppError('UNKNOWN_ENTRY', `Entry ${prefix} is ${wordOf(state)}, not ${any}.`, {
    hint: hintOf(state, key),
    details: { key, state },
  });
}

function hintOf(state: OutboxState, key: string): string {
  switch (state) {
    case 'conflict':
      return `\`parahack-sync outbox show ${key}\` shows it; \`parahack-sync outbox retry ${key} --take local\` sends the local change again, \`parahack-sync outbox retry ${key} --take salesforce\` leaves what Salesforce has.`;
    case 'held':
      return `\`parahack-sync outbox approve ${key}\` lets it go, \`parahack-sync outbox drop ${key}\` gives it up.`;
    case 'in-doubt':
      return `\`parahack-sync outbox settle --auto\` asks Salesforce, \`parahack-sync outbox show ${key}\` tells what it may have become; \`parahack-sync outbox settle ${key} --as ID\` or \`--not-sent\` decides it.`;
    case 'rejected':
      return `\`parahack-sync outbox retry ${key}\` sends it again, \`parahack-sync outbox drop ${key}\` gives it up; \`parahack-sync outbox show ${key}\` says why it was refused.`;
    case 'pending':
      return `It waits for the next \`watch\` cycle or \`push\`; \`parahack-sync outbox drop ${key}\` gives it up.`;
    case 'sent':
      return 'It is on its way, or its process was killed: the next `watch` cycle or `push` finds out what became of it.';
    case 'done':
      return 'Nothing is left to do: Salesforce has taken it.';
    case 'dropped':
      return 'It was given up: push its record anew to have it sent.';
  }
}
