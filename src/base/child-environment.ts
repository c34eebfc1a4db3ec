/** Names of this program's variables that hold a secret, or where one lies. */
const secretName = /^PARAHACK_SYNC_.*(KEY|SECRET|TOKEN|PASSWORD|PASSPHRASE|DATABASE_URL)/;

/**
 * `env` for a child process: without this program's secrets, under whatever names they stand there. A browser, a hook
 * or a helper needs none of them, and hands its environment on to all that it starts.
 */
export function childEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const secrets = Object.entries(env)
    .filter(([name, value]) => secretName.test(name) && value !== undefined && value.length >= 8)
    .map(([, value]) => value as string);
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        !secretName.test(entry[0]) &&
        !secrets.some((secret) => entry[1]?.includes(secret)),
    ),
  );
}
