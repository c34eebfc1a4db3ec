/**
 * `off`: nobody writes to the view. `on`: any program does. `ending`: nobody does any more, and what was written
 * before is shown until it is settled.
 */
export type TwoWayMode = 'off' | 'on' | 'ending';
