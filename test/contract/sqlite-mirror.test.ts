import { instanceUrl, openTempMirror } from '../store/sqlite/temp-mirrors.ts';
import { fenceContract } from './fence.contract.ts';
import { mirrorContract } from './mirror.contract.ts';
import { stagingContract } from './staging.contract.ts';
import { sweepContract } from './sweep.contract.ts';

mirrorContract('SQLite', openTempMirror);
stagingContract('SQLite', openTempMirror);
sweepContract('SQLite', openTempMirror);
fenceContract('SQLite', async () => {
  const temp = await openTempMirror();
  const mirror = await temp.mirrors.open(instanceUrl, { create: false });
  return { mirror, [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose]() };
});
