import type { ErrorInfo } from '../../app/contract/error-info.ts';
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
  const unsent = queue ? 0 : having('queued');
  if (stopped !== null && isOwnExit(stopped.code)) return appErrorOf(withOutbox(stopped, unsent));
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
    `${refused} of ${counted(result.results.length, 'record')} ${refused === 1 ? 'was' : 'were'} not accepted.`,
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

/** Who pushes the same input once more makes every contact a second time. */
function withOutbox(stopped: ErrorInfo, unsent: number): ErrorInfo {
  const rest =
    unsent === 0
      ? 'Every record was sent; do not push them again.'
      : `${counted(unsent, 'record')} wait in the outbox for the next \`watch\` cycle or \`push\`; do not push them again.`;
  return { ...stopped, hint: stopped.hint === null ? rest : `${stopped.hint} ${rest}` };
}
