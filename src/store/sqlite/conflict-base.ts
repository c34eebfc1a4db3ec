import type { Connection } from '../../sqlite/connection.ts';
import { type BasePoints, basePointsOf, storedPoints } from './base-points.ts';
import { lastDone } from './last-done.ts';

/** As JSON. */
interface Bases {
  seq: number;
  base: string | null;
  baseAt: string | null;
  done: number;
  firstBase: string | null;
  found: string | null;
}

/**
 * Bases an entry on what Salesforce was found to have, so that a person's decision holds against that; what it was based on
 * before is kept beside. `knownTo`: the org's time of the look that found it, ms since 1970. `base` has `IsDeleted` where the contact was gone.
 */
export function keepConflictBase(
  db: Connection,
  key: string,
  base: Readonly<Record<string, unknown>>,
  knownTo: number | null,
): void {
  const former = db
    .prepare(`SELECT seq, base, base_at AS baseAt, first_base AS firstBase, found, ${lastDone} AS done
       FROM outbox WHERE key = ?`)
    .get(key) as Bases | undefined;
  if (former === undefined) return;
  const { IsDeleted: isGone, ...found } = base;
  db.prepare('UPDATE outbox SET base = ?, base_at = ?, first_base = ?, found = ? WHERE key = ?').run(
    JSON.stringify(base),
    storedPoints(pointsNow(former, Object.keys(found), knownTo)),
    JSON.stringify(firstBaseOf(former)),
    isGone === true ? null : JSON.stringify(found),
    key,
  );
}

/** What was found knows of all that is done. */
function pointsNow(
  { seq, baseAt, done }: Bases,
  names: readonly string[],
  knownTo: number | null,
): BasePoints {
  const points = basePointsOf(baseAt) ?? {};
  const now = Object.entries(points).map(([name, point]) => [name, { ...point, done, knownTo }] as const);
  const others = names
    .filter((name) => !(name in points))
    .map((name) => [name, { seq, done, knownTo }] as const);
  return Object.fromEntries([...now, ...others]);
}

/** What the edit was based on before any conflict: of what one has found, the base has that. */
function firstBaseOf({ base, firstBase, found }: Bases): Record<string, unknown> {
  const { IsDeleted: _isGone, ...last } = parsed(base) ?? {};
  for (const name of Object.keys(parsed(found) ?? {})) delete last[name];
  return { ...last, ...parsed(firstBase) };
}

function parsed(values: string | null): Record<string, unknown> | null {
  return values === null ? null : (JSON.parse(values) as Record<string, unknown>);
}
