import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { isSalesforceHost } from '../org/instance-url.ts';
import { sameId } from '../org/record-id.ts';
import { confirmInstanceUrl } from './confirm-instance-url.ts';
import type { Credential } from './credential.ts';
import { fetchIdentity } from './identity.ts';
import type { OAuthRequestOptions } from './oauth-request.ts';
import { repeatPassing } from './repeat-passing.ts';
import { incomplete, type TokenAnswer } from './token-endpoint.ts';

type Kept = Pick<Credential, 'loginUrl' | 'grant' | 'clientId' | 'clientSecret' | 'privateKey'>;

/** Turns a fresh token into a credential by asking the org itself whose it is: the proof that the login works. */
export async function completeLogin(
  token: TokenAnswer,
  kept: Kept,
  { clock, ...options }: OAuthRequestOptions & { clock: Clock },
): Promise<Credential> {
  const { instanceUrl } = token;
  if (instanceUrl === null) throw incomplete(kept.loginUrl, 'a usable instance_url');
  if (!isOwnWord(kept.loginUrl, instanceUrl)) {
    const word = await confirmInstanceUrl(instanceUrl, { ...token, loginUrl: kept.loginUrl }, options);
    if (word !== 'confirmed') throw unconfirmed(kept.loginUrl, instanceUrl);
  }
  const { accessToken } = token;
  const identity = await repeatPassing(
    () => fetchIdentity({ apiUrl: instanceUrl, accessToken, ...options }),
    { clock, signal: options.signal },
  );
  if (token.orgId !== null && !sameId(token.orgId, identity.orgId)) {
    throw new AppError('LOGIN_FAILED', `The login and ${instanceUrl} name different orgs.`, {
      hint: 'Run the login again; if it stays, tell whoever runs the network in between.',
      details: { loginOrgId: token.orgId, orgId: identity.orgId },
    });
  }
  return {
    ...kept,
    ...identity,
    instanceUrl,
    apiUrl: instanceUrl,
    accessToken: token.accessToken,
    refreshToken: token.refreshToken,
    issuedAt: token.issuedAt ?? clock.now(),
    refused: null,
  };
}

/** Salesforce's own login hosts may name any of Salesforce's hosts; another host may name itself. */
function isOwnWord(loginUrl: string, instanceUrl: string): boolean {
  return loginUrl === instanceUrl || (isSalesforceHost(loginUrl) && isSalesforceHost(instanceUrl));
}

function unconfirmed(loginUrl: string, instanceUrl: string): AppError {
  return new AppError(
    'LOGIN_FAILED',
    `The answer to the login names ${instanceUrl} as the org's address, which ${loginUrl} does not confirm.`,
    {
      hint: "Nothing was sent there. Log in at the org's own address (--instance-url); if it stays, tell whoever runs the network in between.",
      details: { loginUrl, instanceUrl },
    },
  );
}
