/**
 * What to do where the mirror of an org is damaged, for people: commands in their order. Whoever finds the damage may be the
 * watch that keeps the org to itself, and nothing else can copy it meanwhile.
 */
export function damagedMirrorSteps(org: string): string {
  return `Run "parahack-sync orgs disable ${org}", so that a running watch lets go of it within seconds (one that was started for this org by name has to be ended), then "parahack-sync backfill --fresh ${org}", then, where its sync was on, "parahack-sync orgs enable ${org}". The damaged file is kept beside the new one.`;
}
