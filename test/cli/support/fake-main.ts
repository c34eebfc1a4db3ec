import { setImmediate as nextTurn } from 'node:timers/promises';
import { abortReason, throwIfAborted } from '../../../src/base/abort.ts';
import type { App } from '../../../src/contract/app.ts';
import { start } from '../../../src/start.ts';
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

/** As they are read of a mirror, with turns of the event loop, and until the work is stopped. */
async function* listed(signal: AbortSignal): AsyncGenerator<[string][]> {
  process.stderr.write('reading\n');
  for await (const batch of manyContacts()) {
    throwIfAborted(signal);
    yield batch;
    await nextTurn();
  }
}

/** More than a pipe holds, so that the writer notices when its reader has gone. */
async function* manyContacts(): AsyncGenerator<[string][]> {
  for (let batch = 0; batch < 10_000; batch++)
    yield Array.from({ length: 1_000 }, (_, at) => [`003${batch}${at}`]);
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
    onEvent({ event: 'watch:stop', reason: 'signal', cycles: 1, failed: 0, skipped: 0 });
    return { orgs: [{ instanceUrl, error: null }] };
  },
  async status(_options, { signal }) {
    process.stderr.write('ready\n');
    await untilStopped(signal, process.env.DEAF === '1');
    throw abortReason();
  },
  contacts: {
    list: async (_options, { signal }) => ({
      instanceUrl,
      columns: [{ name: 'Id', type: 'id' }],
      total: 10_000_000,
      coveredUntil: null,
      batches: () => listed(signal),
      [Symbol.asyncDispose]: async () => {},
    }),
    export: async () => ({
      instanceUrl,
      columns: [{ name: 'Id', type: 'id' }],
      batches: manyContacts(),
    }),
  },
});

// Should the test that started this be killed, nobody else ends it.
setTimeout(() => process.exit(99), 60_000).unref();

await start({ loadApp: async () => async (): Promise<App> => app });

// A process that needs long to go, as one does that has held much.
if (process.env.LINGERS === '1') setInterval(() => process.stderr.write('lingering\n'), 20);
