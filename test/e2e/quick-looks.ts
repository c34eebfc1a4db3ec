import { systemClock } from '../../src/base/clock.ts';
import { createApp } from '../../src/compose/create-app.ts';
import { loginPollMs } from '../../src/daemon/org-loop.ts';
import { main } from '../../src/main.ts';

/**
 * The command line, from its sources, whose watch looks for what it is asked every third of a second in place of 15 seconds.
 * All other waits take as long as they do.
 */
const clock: typeof systemClock = {
  ...systemClock,
  sleep: (ms, options) => systemClock.sleep(ms === loginPollMs ? 333 : ms, options),
};

process.exitCode = await main(process.argv.slice(2), {
  loadApp: async () => (config, io) => createApp(config, io, clock),
});
