import { systemClock } from '../../src/base/clock.ts';
import { MemoryMirrors } from '../usecases/memory-mirrors.ts';
import { contactKeysContract } from './contact-keys.contract.ts';
import { contactReaderContract } from './contact-reader.contract.ts';
import { mirrorsContract, type OpenedMirrors } from './mirrors.contract.ts';

async function open(): Promise<OpenedMirrors> {
  const mirrors = new MemoryMirrors(systemClock);
  return { mirrors, [Symbol.asyncDispose]: () => mirrors[Symbol.asyncDispose]() };
}

mirrorsContract('memory', open);
contactReaderContract('memory', open, { conditions: false });
contactKeysContract('memory', open);
