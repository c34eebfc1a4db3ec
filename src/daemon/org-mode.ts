/**
 * `starting`: waits for its first turn. `in-line`: a turn is due and waits for a slot. `working`: in its turn.
 * `waiting`: until the next turn. `backing-off`: the same after a failed one. `login-needed`: its grant is gone.
 * `paused`: let go until it is resumed. `leaving`: ends its turn and lets go. `stopped`: for good.
 */
export type OrgMode =
  | 'starting'
  | 'in-line'
  | 'working'
  | 'waiting'
  | 'backing-off'
  | 'login-needed'
  | 'paused'
  | 'leaving'
  | 'stopped';

const follows: Readonly<Record<OrgMode, readonly OrgMode[]>> = {
  starting: ['in-line', 'paused', 'leaving'],
  'in-line': ['working', 'leaving'],
  // In line once more between what takes long and the cycle that closes its gap.
  working: ['in-line', 'waiting', 'backing-off', 'login-needed', 'paused', 'leaving'],
  waiting: ['in-line', 'paused', 'leaving'],
  'backing-off': ['in-line', 'paused', 'leaving'],
  'login-needed': ['in-line', 'paused', 'leaving'],
  paused: ['in-line', 'leaving'],
  leaving: ['stopped'],
  stopped: [],
};

/** Throws where a loop would go a way that there is not: an error of the program. */
export function assertFollows(mode: OrgMode, next: OrgMode): void {
  if (!follows[mode].includes(next))
    throw new Error(`The care for an org cannot go from ${mode} to ${next}.`);
}
