import { startEmulator } from '../../src/emulator/index.ts';
import { connectRemote } from '../../src/salesforce/connect-remote.ts';
import { openWire } from '../../src/wire/open-wire.ts';
import { remoteContract } from './remote.contract.ts';

remoteContract('the client against an org', async () => {
  const emulator = await startEmulator({ contacts: 0 });
  const wire = openWire();
  const token = async () => emulator.accessToken;
  const { url: instanceUrl, userId } = emulator;
  const session = { instanceUrl, userId, accessToken: token, renew: token };
  return {
    remote: connectRemote({ session, apiVersion: '62.0', wire }),
    async [Symbol.asyncDispose]() {
      await wire.close();
      await emulator.close();
    },
  };
});
