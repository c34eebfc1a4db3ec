import { AppError } from '../../base/errors.ts';
import type { LogoutItem } from '../../contract/login.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { failureOfOrgs } from '../org-failure.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

interface LogoutFlags {
  all?: boolean;
  deleteData?: boolean;
  force?: boolean;
}

export function addLogoutCommand({ program, run }: CommandHost): void {
  program
    .command('logout')
    .summary('revoke a login and forget it')
    .description('Revokes the refresh token at Salesforce and removes the credential. The mirror stays.')
    .argument('[org]', 'alias, instance URL, host or username')
    .option('--all', 'every connected org')
    .option(
      '--delete-data',
      'delete the mirror and its archived ones too (refused while the outbox has open entries)',
    )
    .option('--force', 'with --delete-data: although the outbox has open entries')
    .addHelpText('after', examples('logout prod', 'logout --all', 'logout prod --delete-data'))
    .action((org: string | undefined, flags: LogoutFlags, command) =>
      run(command, (call) => logout(call, org, flags)),
    );
}

async function logout(call: Invocation, org: string | undefined, flags: LogoutFlags): Promise<Outcome> {
  if (org !== undefined && flags.all) {
    throw new AppError('INVALID_INPUT', 'Both an org and --all are given.', { hint: 'Give one of them.' });
  }
  const app = await call.app();
  const deleteData = flags.deleteData ?? false;
  const result = await app.logout({
    org: org ?? null,
    all: flags.all ?? false,
    deleteData,
    force: flags.force ?? false,
  });
  // A revocation that failed leaves the org logged out here: said, but no failure of the command.
  const failed = result.orgs.map(({ instanceUrl, credentialRemoved, dataDeleted, error }) => ({
    instanceUrl,
    error: credentialRemoved && dataDeleted === deleteData ? null : error,
  }));
  return {
    document: result,
    text: () =>
      result.orgs.length === 0
        ? 'No org is connected.'
        : result.orgs
            .map((org) => sentencesOf(org, call.orgNames.of(org.instanceUrl, org.alias), deleteData))
            .join('\n'),
    failure: failureOfOrgs(failed),
  };
}

function sentencesOf(
  { revoked, credentialRemoved, dataDeleted, error }: LogoutItem,
  name: string,
  deleteData: boolean,
): string {
  const reason = error?.message ?? 'unknown reason';
  if (!credentialRemoved) return `${name} is still connected: ${reason}`;
  const stays = deleteData && !dataDeleted;
  // Of the two that failed the later one is told.
  const why = stays ? '' : ` (${reason})`;
  const grant =
    revoked === null
      ? 'There was nothing to revoke at Salesforce.'
      : revoked
        ? 'Salesforce has revoked the grant.'
        : `Salesforce could not be told to revoke the grant${why}; an admin can revoke it in Setup, "Connected Apps OAuth Usage".`;
  const data = stays ? ` The mirror stays: ${reason}` : dataDeleted ? ' The mirror is deleted.' : '';
  return `Logged out of ${name}. ${grant}${data}`;
}
