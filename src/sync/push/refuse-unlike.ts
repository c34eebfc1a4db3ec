import { AppError } from '../../base/errors.ts';
import { isoTime } from '../../base/iso-time.ts';
import type { PushFlags, UnlikePush } from '../ports/outbox-staging.ts';

/** Throws where the same records wait with other flags: sent beside these, they would be made twice. */
export function refuseUnlike(own: PushFlags, unlike: UnlikePush | null): void {
  if (unlike === null) return;
  const { flags: former, begunAt, waiting, inDoubt } = unlike;
  const flags = differing(own, former);
  const at = isoTime(begunAt);
  const ends = [
    ...(waiting > inDoubt ? ['`parahack-sync outbox drop KEY` gives up what waits'] : []),
    ...(inDoubt > 0 ? ['`parahack-sync outbox settle --auto` asks what became of what is in doubt'] : []),
  ];
  const why =
    waiting === 0
      ? 'nobody has been told yet what became of them'
      : `${waiting} of them ${waiting === 1 ? 'has' : 'have'} no end yet`;
  throw new AppError(
    'INVALID_INPUT',
    `The same records were pushed at ${at} ${listed(flags.map(({ was }) => was))}, and ${why}: pushed beside them ${listed(flags.map(({ is }) => is))}, they would be sent twice.`,
    {
      hint: `Nothing was stored or sent. Push them once more ${listed(flags.map(({ was }) => was))}, which goes on with that push${ends.length > 0 ? `; ${ends.join(', and ')}` : ' and tells its end'}. Then they may be pushed in another way.`,
      details: { flags: flags.map(({ flag }) => flag), pushedAt: at, waiting, inDoubt },
    },
  );
}

interface Difference {
  flag: string;
  /** As the records were pushed. */
  was: string;
  /** As they are to be. */
  is: string;
}

function differing(own: PushFlags, former: PushFlags): Difference[] {
  const said = (flag: string, given: boolean) => `${given ? 'with' : 'without'} ${flag}`;
  const differences: Difference[] = [];
  for (const [name, flag] of [
    ['allowDuplicates', '--allow-duplicates'],
    ['allOrNone', '--all-or-none'],
  ] as const) {
    if (own[name] !== former[name])
      differences.push({ flag, was: said(flag, former[name]), is: said(flag, own[name]) });
  }
  const upsert = ({ upsertField }: PushFlags) =>
    upsertField === null ? 'without --upsert' : `with --upsert ${upsertField}`;
  if (own.upsertField?.toLowerCase() !== former.upsertField?.toLowerCase())
    differences.push({ flag: '--upsert', was: upsert(former), is: upsert(own) });
  return differences;
}

function listed(parts: readonly string[]): string {
  return parts.join(' and ');
}
