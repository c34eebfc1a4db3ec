import { systemClock } from '../../src/base/clock.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import { type ContractMirror, mirrorContract } from './mirror.contract.ts';
import { stagingContract } from './staging.contract.ts';

async function open(): Promise<ContractMirror> {
  const mirror = new MemoryMirror(systemClock);
  return { mirror, [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose]() };
}

mirrorContract('memory', open);
stagingContract('memory', open);
