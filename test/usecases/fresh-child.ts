/** A `backfill --fresh` in a process of its own, to be killed: `fresh-child.ts URL TOKEN FOLDER`. */
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { openServices } from './open-services.ts';

const [, , url, accessToken, dataDir] = process.argv as [string, string, string, string, string];
await using app = openServices({ url, accessToken }, { dataDir });
const { orgs } = await backfillOrgs(
  app.services,
  { orgs: [], all: false, api: 'rest', concurrency: 3, fresh: true, force: false, fields: null },
  {
    signal: new AbortController().signal,
    onEvent: ({ event }) => void process.stdout.write(`${event}\n`),
  },
);
process.exitCode = orgs[0]?.status === 'complete' ? 0 : 1;
