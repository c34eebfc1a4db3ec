/** A user of the org as the OAuth endpoints need it. */
export interface DirectoryUser {
  /** 18 characters. */
  id: string;
  username: string;
  password: string;
  name: string;
  firstName: string;
  lastName: string;
  email: string;
  active: boolean;
}

/** What the OAuth endpoints need to know of the org. */
export interface OrgDirectory {
  /** 18 characters. */
  readonly orgId: string;
  /** The org's clock, milliseconds since 1970. */
  now(): number;
  users(): DirectoryUser[];
}

/** Finds a user by username, without regard to case, as Salesforce does. */
export function userNamed(directory: OrgDirectory, username: string): DirectoryUser | undefined {
  return directory.users().find((u) => u.username.toLowerCase() === username.trim().toLowerCase());
}

/** Finds a user by an id of 15 or 18 characters. */
export function userById(directory: OrgDirectory, id: string): DirectoryUser | undefined {
  return directory.users().find((u) => u.id === id || u.id.slice(0, 15) === id);
}
