import type { DirectoryUser, OrgDirectory } from './oauth/org-directory.ts';
import type { Org } from './org/org.ts';

/** Every user's password: an emulator's login page shows it. */
export const userPassword = 'parahack-1';

/** The org's users as the OAuth endpoints see them. */
export function directoryOf(org: Org): OrgDirectory {
  return {
    orgId: org.id,
    now: () => org.clock.now(),
    users: (): DirectoryUser[] =>
      org.users.map(({ id, username, name, firstName, lastName, email, active }) => ({
        id,
        username,
        name,
        firstName,
        lastName,
        email,
        active,
        password: userPassword,
      })),
  };
}
