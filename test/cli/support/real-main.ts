import { main } from '../../../src/main.ts';

// The real process, as bin/parahack-sync.js starts it, over the source in place of what is built of it.
process.exitCode = await main(process.argv.slice(2));
