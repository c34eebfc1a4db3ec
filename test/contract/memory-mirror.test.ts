import { systemClock } from '../../src/base/clock.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import { heldLease } from '../support/leases.ts';
import { fenceContract } from './fence.contract.ts';
import { type ContractMirror, mirrorContract } from './mirror.contract.ts';
import { stagingContract } from './staging.contract.ts';
import { sweepContract } from './sweep.contract.ts';

async function open(): Promise<ContractMirror> {
  const mirror = await new MemoryMirror(systemClock).under(heldLease());
  return { mirror, [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose]() };
}

mirrorContract('memory', open);
stagingContract('memory', open);
sweepContract('memory', open);
fenceContract('memory', async () => {
  const mirror = new MemoryMirror(systemClock);
  return { mirror, [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose]() };
});
