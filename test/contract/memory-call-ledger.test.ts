import { MemoryCallLedger } from '../../src/store/memory/memory-call-ledger.ts';
import { callLedgerContract } from './call-ledger.contract.ts';

callLedgerContract('memory', async () => {
  const ledger = new MemoryCallLedger();
  return { ledger, [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose]() };
});
