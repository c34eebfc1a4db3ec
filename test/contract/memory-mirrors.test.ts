import { systemClock } from '../../src/base/clock.ts';
import { MemoryMirrors } from '../usecases/memory-mirrors.ts';
import { mirrorsContract } from './mirrors.contract.ts';

mirrorsContract('memory', async () => {
  const mirrors = new MemoryMirrors(systemClock);
  return { mirrors, [Symbol.asyncDispose]: () => mirrors[Symbol.asyncDispose]() };
});
