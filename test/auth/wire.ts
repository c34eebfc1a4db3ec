import { openWire } from '../../src/wire/open-wire.ts';

/** One pool for the tests of a file; what is idle in it keeps no process from ending. */
export const wire = openWire();
