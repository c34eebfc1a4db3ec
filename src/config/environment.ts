/** Environment variables as they are handed in; an empty value counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function readVariable(env: Environment, name: string): string | null {
  const value = env[name]?.trim();
  return value === undefined || value === '' ? null : value;
}
