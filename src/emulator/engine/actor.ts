/** Whose eyes an answer is for, and whose hand a write is: a user of the org by its 18-character id. */
export interface Actor {
  readonly userId: string;
}

/** A user who can log in. The first user of `Org.users` is the default one; the second acts for the control surface. */
export interface OrgUser {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly alias: string;
  readonly active: boolean;
}
