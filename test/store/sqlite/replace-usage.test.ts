import { expect, test } from 'vitest';
import type { StoredMirror } from '../../../src/sync/ports/stored-mirror.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf } from './contact-fields.ts';
import { epoch } from './pages.ts';
import { instanceUrl, openTempMirror } from './temp-mirrors.ts';

const lease = heldLease();
const org = (letter: string) => ({
  orgId: `00D00000000000${letter}AAA`,
  userId: '005000000000001AAA',
  instanceUrl,
});

async function fill(mirror: StoredMirror, letter: string, used: number, at: number): Promise<void> {
  await mirror.setIdentity(org(letter));
  await mirror.schema.applyDescribe(describeOf(), epoch);
  await mirror.usage.saveReported({ used, max: 15_000, at });
}

/** What the mirror tells of the org's calls when a copy has taken its place; each is `[org, used, at]`. */
async function toldAfter(
  ofMirror: readonly [string, number, number],
  ofCopy: readonly [string, number, number],
): Promise<unknown> {
  await using temp = await openTempMirror();
  await fill(temp.mirror, ...ofMirror);
  await temp.mirror[Symbol.asyncDispose]();
  {
    await using copy = await temp.mirrors.openCopy(instanceUrl, { create: true, lease });
    await fill(copy, ...ofCopy);
  }
  await temp.mirrors.replaceByCopy(instanceUrl, { force: false, lease });
  await using mirror = await temp.mirrors.open(instanceUrl, { create: false });
  return (await mirror.usage.reported())?.used;
}

test.each([
  ['the copy was told later', ['1', 188, epoch], ['1', 203, epoch + 1], 203],
  ['the mirror was told later', ['1', 203, epoch + 1], ['1', 188, epoch], 203],
  ['the mirror is another org’s', ['1', 9_000, epoch + 1], ['2', 7, epoch], 7],
] as const)(
  'of the org’s calls a replaced mirror tells what is true where %s',
  async (_where, mirror, copy, used) => {
    expect(await toldAfter(mirror, copy)).toBe(used);
  },
);
