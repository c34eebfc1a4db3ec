import { start } from '../../../src/start.ts';

// The end that `process.exit` comes to; where Node.js ends of itself, nothing calls it.
const { reallyExit } = process as unknown as { reallyExit: (code: number) => void };
Object.assign(process, {
  reallyExit(code: number) {
    process.stderr.write(`listening for SIGTERM: ${process.listenerCount('SIGTERM')}\n`);
    reallyExit.call(process, code);
  },
});
await start();
