/**
 * Keeps contacts of an org in a mirror, from a program. The org here is a local one, so that this file runs as it is:
 *
 *   node docs/examples/library.mjs
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppError, openParahackSync } from 'parahack-sync';
import { startEmulator } from 'parahack-sync/emulator';

const emulator = await startEmulator({ contacts: 500, seed: 7 });
const dataDir = await mkdtemp(join(tmpdir(), 'parahack-sync-example-'));
const sync = await openParahackSync({
  dataDir,
  credentialStore: 'memory',
  log: { warn: (message) => console.error(`warning: ${message}`) },
});
try {
  // In production this is your org, its external client app, and a lasting credential store.
  const { org } = await sync.login({
    flow: 'client-credentials',
    instanceUrl: emulator.url,
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
    alias: 'local',
  });
  console.log(`connected ${org.alias} by ${org.grant}`);

  const copied = await sync.backfill(
    { orgs: ['local'] },
    {
      onEvent: (event) => {
        if (event.event === 'backfill:start') console.log(`copying ${event.expected} contacts`);
      },
    },
  );
  for (const { status, contacts, error } of copied.orgs)
    console.log(`first copy ${status}: ${contacts} contacts${error === null ? '' : `, ${error.message}`}`);

  const { total, contacts } = await sync.contacts.list({ limit: 3, fields: ['Id', 'LastName'] });
  console.log(`${contacts.length} of ${total} contacts, each with ${Object.keys(contacts[0]).join(' and ')}`);

  const pushed = await sync.push(
    [
      { FirstName: 'Ada', LastName: 'Lovelace', Email: 'ada@example.com' },
      { Id: contacts[0].Id, Title: 'Countess' },
    ],
    { allowMixed: true },
  );
  // Where any record has a fault, nothing was stored or sent.
  for (const { index, field, message } of pushed.invalid?.kinds ?? [])
    console.log(`record ${index}, ${field}: ${message}`);
  for await (const page of pushed.results())
    for (const { index, status } of page) console.log(`record ${index} ${status}`);
  await pushed[Symbol.asyncDispose]();

  await sync.watch(
    { once: true },
    {
      signal: AbortSignal.timeout(60_000),
      onEvent: (event) => {
        if (event.event === 'cycle:complete') console.log('one cycle complete');
      },
    },
  );
  const found = await sync.contacts.search({ text: 'lovelace' });
  console.log(`found ${found.contacts.map(({ Email }) => Email).join(', ')}`);

  try {
    await sync.contacts.show({ id: '003000000000000AAA' });
  } catch (error) {
    if (!isAppError(error, 'UNKNOWN_CONTACT')) throw error;
    console.log(`${error.code} is what an unknown Id gives`);
  }
} finally {
  await sync.close();
  await emulator.close();
  await rm(dataDir, { recursive: true, force: true });
}
