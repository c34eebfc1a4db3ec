import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Cli, ended } from '../../e2e/cli.ts';
import { repeats } from '../../support/deep.ts';
import fc from '../../support/properties.ts';
import { type Act, actArbitrary } from './acts.ts';
import { differences } from './compare.ts';
import type { Emphasis } from './emphasis.ts';
import { contentsOfFile } from './mirror-contents.ts';
import { dailyLimit, Org } from './org.ts';
import { endsDay, perform } from './perform-act.ts';
import { factsOf, type Stage } from './world.ts';

/** Kills in the deep run, a tenth in the common one. */
const kills = repeats(15);
const killsOfHistory = 15;
const minute = 60_000;

/**
 * What a program on the machine's own clock gets to know within one cycle: fields are asked for once an hour, sharing
 * touches no stamp, and an org without requests left is not asked again for minutes.
 */
const isKnownAtOnce = (act: Act) => !/field|type|hide|show|busy-org|pass/.test(act.act) && !endsDay(act);

const emphasis: Emphasis = {
  edits: 1,
  deletes: 1,
  fields: 0,
  transactions: 1,
  limits: 1,
  unstamped: 0,
  copies: 0,
  comparisons: 0,
  faults: 1,
};

interface Round {
  acts: Act[];
  advanceMs: number;
  afterMs: number;
}

const round: fc.Arbitrary<Round> = fc.record({
  acts: fc.array(actArbitrary({ sharing: false, emphasis }).filter(isKnownAtOnce), {
    minLength: 2,
    maxLength: 6,
  }),
  advanceMs: fc.constantFrom(0, 20_000, 3 * minute, 60 * minute),
  afterMs: fc.nat({ max: 400 }),
});

/** An org that listens: the emulator's own requests go the same way as in the histories without a socket. */
async function listening(contacts: number): Promise<{ stage: Stage; close: () => Promise<void> }> {
  let answer: RequestListener = (_, response) => void response.destroy();
  const server = createServer((message, response) => answer(message, response)).listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const org = await Org.open(contacts, 1, { wallClock: Date.now, port });
  answer = org.emulator.answer;
  const facts = factsOf(await org.rows());
  const pass = () => {
    throw new Error('Time passes by the control of the org here.');
  };
  return {
    stage: { org, facts, clock: { pass } },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await org.emulator.close();
    },
  };
}

async function equal(cli: Cli, { org, facts }: Stage): Promise<void> {
  if (facts.inTransaction) await org.control('commit');
  facts.inTransaction = false;
  await org.control('settings', {
    commitLagMs: 0,
    replicationIdLimit: 600_000,
    concurrentLimit: 25,
    bulkJobFailures: 0,
    dailyLimit,
  });
  // What came late has come. The second cycle is for the minute that turned in the first.
  for (let cycle = 0; cycle < 2; cycle++) {
    await org.control('clock', { advanceMs: 10 * minute });
    const { code, stdout, stderr } = await cli.run(['watch', '--once', '--json']);
    expect(code, `${stdout}${stderr}`).toBe(0);
  }
  const withheld = {
    rows: facts.hidden,
    everHidden: facts.everHidden,
    everGone: facts.everGone,
    everRestored: facts.everRestored,
    goneUnseen: facts.goneUnseen,
    fields: facts.hiddenFields,
    merges: false,
    deletes: false,
    lists: false,
  };
  expect(differences(await org.rows(), contentsOfFile(cli.databaseOf(org.emulator.url)), withheld)).toEqual(
    [],
  );
}

describe('a watch that is killed by the system', () => {
  it(`comes to what the user may see, ${kills} times at random instants`, async () => {
    let underWay = 0;
    const rounds = fc.sample(round, kills);
    for (let history = 0; history < kills / killsOfHistory; history++) {
      const { stage, close } = await listening(40);
      const { url, accessToken } = stage.org.emulator;
      using cli = new Cli({
        PARAHACK_SYNC_INSTANCE_URL: url,
        PARAHACK_SYNC_ACCESS_TOKEN: accessToken,
        PARAHACK_SYNC_CREDENTIAL_STORE: 'memory',
      });
      try {
        for (const { acts, advanceMs, afterMs } of rounds.splice(0, killsOfHistory)) {
          await stage.org.control('clock', { advanceMs });
          await stage.org.control('settings', { latencyMs: 4 });
          for (const act of acts) await perform(stage, act);
          const child = cli.start(['watch', '--once', '--json']);
          const end = ended(child);
          await Promise.race([once(child.stdout!, 'data'), end]);
          await delay(afterMs);
          child.kill('SIGKILL');
          if ((await end).signal === 'SIGKILL') underWay++;
        }
        await stage.org.control('settings', { latencyMs: 0 });
        await equal(cli, stage);
      } finally {
        await close();
      }
    }
    expect(underWay).toBeGreaterThan(kills / 4);
  }, 1_800_000);
});
