import type { Emulator } from '../../../src/emulator/index.ts';

/** Where the server stands, and an access token of it with the scope `api`. */
export interface GivenServer {
  readonly url: string;
  readonly token: string;
}

/** Skips the test that is under way, which needs that. */
export type Skip = (why: string) => unknown;

/** The server of `PARAHACK_CONFORMANCE_URL`; undefined where the suite starts an emulator of its own. */
export function givenServer(env: NodeJS.ProcessEnv): GivenServer | undefined {
  const { PARAHACK_CONFORMANCE_URL: url = '', PARAHACK_CONFORMANCE_TOKEN: token = '' } = env;
  if (url === '' && token === '') return undefined;
  if (!URL.canParse(url)) throw new Error(`PARAHACK_CONFORMANCE_URL holds "${url}", which is no URL.`);
  if (token === '') throw new Error('PARAHACK_CONFORMANCE_TOKEN must hold an access token of that server.');
  return { url: new URL(url).origin, token };
}

/** What a server says of itself; `skip` is asked for what only the emulator's own start tells. */
export async function factsOf({ url, token }: GivenServer, skip: Skip): Promise<Emulator> {
  const response = await fetch(`${url}/services/oauth2/userinfo`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (response.status !== 200) {
    throw new Error(`${url} answers ${response.status} to a request for the user of the access token.`);
  }
  const who = (await response.json()) as {
    user_id: string;
    organization_id: string;
    preferred_username: string;
  };
  const close = async () => {};
  return {
    url,
    accessToken: token,
    orgId: who.organization_id,
    userId: who.user_id,
    username: who.preferred_username,
    get port() {
      const { protocol, hostname, port } = new URL(url);
      if (protocol !== 'http:' || hostname !== 'localhost') skip('plain HTTP at localhost');
      return Number(port || 80);
    },
    get clientId() {
      return skip('a client app') as never;
    },
    get clientSecret() {
      return skip('a client app') as never;
    },
    get password() {
      return skip('the password of a user') as never;
    },
    jwtPrivateKey: async () => skip('the private key of a client app') as never,
    close,
    [Symbol.asyncDispose]: close,
  };
}
