import { systemClock } from '../../src/base/clock.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import { mirrorContract } from './mirror.contract.ts';

mirrorContract('memory', { intake: false }, async () => {
  const mirror = new MemoryMirror(systemClock);
  return { mirror, [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose]() };
});
