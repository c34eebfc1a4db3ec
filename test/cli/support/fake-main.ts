import type { App } from '../../../src/app/app.ts';
import { abortReason } from '../../../src/base/abort.ts';
import { main } from '../../../src/main.ts';
import { fakeApp } from './fake-app.ts';

/** Waits for the stop; `deaf` work does not hear it. */
function untilStopped(signal: AbortSignal, deaf: boolean): Promise<void> {
  return new Promise((resolve) => {
    // Something for the event loop to wait for, as a real connection is.
    const alive = setInterval(() => {}, 1_000);
    if (!deaf) {
      signal.addEventListener('abort', () => {
        clearInterval(alive);
        resolve();
      });
    }
  });
}

const instanceUrl = 'https://acme.my.salesforce.com';
const { app } = fakeApp({
  async watch(_options, { signal, onEvent }) {
    onEvent({
      event: 'watch:start',
      orgs: [instanceUrl],
      intervalMs: 300_000,
      once: false,
      pid: process.pid,
    });
    await untilStopped(signal, process.env.DEAF === '1');
    onEvent({ event: 'watch:stop', reason: 'signal', cycles: 1, failed: 0 });
    return { orgs: [{ instanceUrl, error: null }] };
  },
  async status(_options, { signal }) {
    process.stderr.write('ready\n');
    await untilStopped(signal, process.env.DEAF === '1');
    throw abortReason();
  },
  contacts: {
    list: async () => ({
      instanceUrl,
      columns: [{ name: 'Id', type: 'id' }],
      rows: Array.from({ length: 200_000 }, (_, at) => [`003${at}`]),
      total: 200_000,
      coveredUntil: null,
    }),
    export: async () => ({
      instanceUrl,
      columns: [{ name: 'Id', type: 'id' }],
      batches: (async function* () {
        // More than a pipe holds, so that the writer notices when its reader has gone.
        for (let batch = 0; batch < 10_000; batch++)
          yield Array.from({ length: 1_000 }, (_, at) => [`003${batch}${at}`]);
      })(),
    }),
  },
});

// Should the test that started this be killed, nobody else ends it.
setTimeout(() => process.exit(99), 60_000).unref();

process.exitCode = await main(process.argv.slice(2), { loadApp: async () => async (): Promise<App> => app });
