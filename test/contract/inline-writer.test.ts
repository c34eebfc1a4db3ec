import { instanceUrl, openTempMirror } from '../store/sqlite/temp-mirrors.ts';
import { startFrozenWriter } from '../support/frozen-writer.ts';
import { fenceContract } from './fence.contract.ts';
import { mirrorContract } from './mirror.contract.ts';
import { stagingContract } from './staging.contract.ts';
import { sweepContract } from './sweep.contract.ts';

const open = () => openTempMirror({ startThread: startFrozenWriter });

mirrorContract('SQLite, written inline', open);
stagingContract('SQLite, written inline', open);
sweepContract('SQLite, written inline', open);
fenceContract('SQLite, written inline', async () => {
  const temp = await open();
  const mirror = await temp.mirrors.open(instanceUrl, { create: false });
  return { mirror, [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose]() };
});
