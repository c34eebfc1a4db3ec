import { contact } from '../../src/org/synced-object.ts';
import { MemoryRemote } from '../support/memory-remote.ts';
import { remoteContract } from './remote.contract.ts';

remoteContract('an org in memory', async () => ({
  remote: new MemoryRemote(contact, Date.UTC(2026, 2, 4, 10, 0, 30)),
  async [Symbol.asyncDispose]() {},
}));
