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
