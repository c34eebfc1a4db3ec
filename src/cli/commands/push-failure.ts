import type { PushResult } from '../../app/contract/push.ts';
import { AppError } from '../../base/errors.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { appErrorOf } from '../org-failure.ts';
import { counted } from '../render/quantity.ts';

/** Exit 5 when any entry is in doubt or unsent, else 4 when any was refused, in conflict or held. */
export function pushFailure(result: PushResult, { queue }: { queue: boolean }): AppError | null {
  const having = (...statuses: string[]) =>
    result.results.filter(({ status }) => statuses.includes(status)).length;
  const { stopped } = result;
  if (stopped !== null && isOwnExit(stopped.code)) return appErrorOf(stopped);
  const inDoubt = having('in-doubt');
  if (inDoubt > 0) {
    return new AppError(
      'IN_DOUBT',
      `What became of ${counted(inDoubt, 'record')} is not known; nothing is sent twice.`,
      {
        hint: 'See them with `parahack-sync outbox list --state in-doubt`.',
        details: { inDoubt, stopped },
      },
    );
  }
  const unsent = queue ? 0 : having('queued');
  if (unsent > 0 || stopped !== null) {
    const why = stopped === null ? '' : `: ${stopped.message.replace(/\.$/, '')}`;
    return new AppError('UNSENT', `${counted(unsent, 'record')} still to be sent${why}.`, {
      hint: 'They wait in the outbox and are sent by the next `watch` cycle or `push`.',
      details: { unsent, stopped },
    });
  }
  const refused = having('rejected', 'conflict', 'held');
  if (refused === 0) return null;
  return new AppError(
    'PARTIAL',
    `${refused} of ${counted(result.results.length, 'record')} were not accepted.`,
    {
      hint: "See each record's errors; `--rejects FILE` writes the refused ones out to be mended and pushed again.",
      details: { refused },
    },
  );
}

/** A signal, a needed login or a lock say more than that records are unsent. */
function isOwnExit(code: string): boolean {
  const exitCode: number = exitCodeOf(code);
  return exitCode !== exitCodes.unavailable && exitCode !== exitCodes.failed;
}
