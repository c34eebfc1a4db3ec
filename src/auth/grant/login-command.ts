import type { GrantKind } from '../../org/grant-kind.ts';

/** How an org was logged in, as far as that is known. None of it is a secret. */
export interface LoginKind {
  grant: GrantKind;
  clientId?: string | null;
  username?: string;
}

/** The whole command that logs in again as before. What is not known stands in capitals, and never a secret. */
export function loginCommand(instanceUrl: string, { grant, clientId, username }: LoginKind): string {
  const client = `--client-id ${clientId ?? 'ID'}`;
  const flags: Record<GrantKind, string> = {
    'refresh-token': client,
    jwt: `--jwt-key-file FILE --username ${username ?? 'NAME'} ${client}`,
    'client-credentials': `--client-credentials ${client}`,
    'access-token': '--access-token-stdin',
  };
  return `parahack-sync login --instance-url ${instanceUrl} ${flags[grant]}`;
}
