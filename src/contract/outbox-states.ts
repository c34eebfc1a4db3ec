/** What an entry can be in, as `outbox list --state` takes it. */
export const outboxStates = [
  'pending',
  'sent',
  'in-doubt',
  'rejected',
  'held',
  'conflict',
  'done',
  'dropped',
] as const;

/** What `outbox drop --all --state` takes: what is `sent` cannot be given up, what is in doubt has a flag of its own. */
export const droppableStates = ['pending', 'rejected', 'held', 'conflict'] as const;
