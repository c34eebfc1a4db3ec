import { expect, test } from 'vitest';
import { loginOptions } from '../../src/library/login-options.ts';
import type { LoginRequest } from '../../src/library/parahack-sync.ts';

const config = { loginUrl: 'https://test.salesforce.com' };

test('a login has the options of the command without flags', () => {
  expect(loginOptions({ flow: 'browser', port: 9718 }, config)).toMatchObject({
    flow: 'browser',
    loginUrl: 'https://test.salesforce.com',
    clientId: null,
    alias: null,
    sync: true,
    replaceUser: false,
    openBrowser: true,
    port: 9718,
    timeoutMs: 300_000,
  });
  expect(loginOptions({ flow: 'jwt', username: 'a@b.c', keyFile: 'key.pem' }, config)).toMatchObject({
    loginUrl: 'https://test.salesforce.com',
    sync: true,
  });
});

test.each<[string, unknown]>([
  ['login by access-token needs accessToken.', { flow: 'access-token', instanceUrl: 'https://a.example' }],
  ['login by client-credentials needs instanceUrl.', { flow: 'client-credentials', clientSecret: 's' }],
  ['login by jwt needs keyFile.', { flow: 'jwt', username: 'a@b.c' }],
  ['There is no login flow password.', { flow: 'password' }],
  ['login has no option token.', { flow: 'access-token', instanceUrl: 'https://a.example', token: 't' }],
  ['timeoutMs is 0.', { flow: 'browser', timeoutMs: 0 }],
])('%s', (message, request) => {
  expect(() => loginOptions(request as LoginRequest, config)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', message }),
  );
});
