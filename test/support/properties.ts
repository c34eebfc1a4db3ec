import fc from 'fast-check';
import { isDeep, repeats } from './deep.ts';

const usualSeed = 6001;
const seed = Number(process.env.PARAHACK_SEED ?? (isDeep ? Math.floor(Math.random() * 2 ** 31) : usualSeed));

// A property that fails says its seed; samples, of moments to kill at for instance, do not.
if (isDeep) process.stdout.write(`PARAHACK_SEED=${seed}\n`);
fc.configureGlobal({ seed, numRuns: repeats(100) });

/** fast-check as all tests use it: seeds and counts are those of the run, common or deep. */
export default fc;
