import { AppError } from '../../base/errors.ts';
import type { WatchedPush, WatchResult } from '../../contract/watch.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { appErrorOf, onlyOrg } from '../org-failure.ts';
import { counted } from '../render/quantity.ts';
import { conflictHint, decisionsBefore, heldHint } from './push-failure.ts';

/**
 * What the cycles' own pushes come to, where every pull was good: exit 5 when an entry is in doubt or unsent, whichever
 * cycle has left it so, else 4 when one was refused, is in conflict or held, as with `push`. Those that were so before
 * the cycle are none of it.
 */
export function failureOfPushes(orgs: WatchResult['orgs']): AppError | null {
  const pushes = orgs.flatMap(({ push }) => (push ? [push] : []));
  const troubled = orgs.filter(({ push }) => push && isTroubled(push));
  const sum = (count: (push: WatchedPush) => number) =>
    pushes.reduce((total, push) => total + count(push), 0);
  const error = pushes.find((push) => push.error !== null)?.error ?? null;
  const inDoubt = sum((push) => push.inDoubt);
  const unsent = sum((push) => push.unsent);
  const conflicts = sum((push) => push.conflicts);
  const held = sum((push) => push.held);
  const refused = sum((push) => push.rejected) + conflicts + held;
  const behind = {
    conflicts: sum((push) => push.behind.conflicts),
    held: sum((push) => push.behind.held),
    inDoubt: sum((push) => push.behind.inDoubt),
  };
  const decisions = decisionsBefore(behind);
  const details = { ...onlyOrg(troubled), inDoubt, unsent, behind, refused, error };
  if (error !== null && isOwnExit(error.code)) return appErrorOf(error);
  if (inDoubt > 0) {
    return new AppError(
      'IN_DOUBT',
      `What became of ${counted(inDoubt, 'entry', 'entries')} of the outbox is not known; nothing is sent twice.`,
      { hint: 'See them with `parahack-sync outbox list --state in-doubt`.', details },
    );
  }
  if (error === null && unsent > 0 && decisions.records >= unsent) {
    const [waits, its] = unsent === 1 ? ['waits', 'its contact'] : ['wait', 'their contacts'];
    return new AppError(
      'UNSENT',
      `${counted(unsent, 'entry', 'entries')} of the outbox ${waits} behind earlier changes of ${its} that somebody has to decide.`,
      { hint: decisions.hint, details },
    );
  }
  if (unsent > 0 || error !== null) {
    const why = error === null ? '' : `: ${error.message.replace(/\.$/, '')}`;
    const others =
      decisions.records === 0
        ? ''
        : ` Of ${counted(decisions.records, 'entry', 'entries')} an earlier change has to be decided first. ${decisions.hint}`;
    return new AppError(
      'UNSENT',
      `${counted(unsent, 'entry', 'entries')} of the outbox still to be sent${why}.`,
      {
        hint: `${error?.hint ?? 'They are sent by the next `watch` cycle or `push`.'}${others}`,
        details,
      },
    );
  }
  if (refused === 0) return null;
  const [is, was, it] = refused === 1 ? ['is', 'was', 'it is'] : ['are', 'were', 'they are'];
  const said = refused === held ? `${is} held until ${it} approved` : `${was} not accepted`;
  const hints = [
    refused > held ? 'See why with `parahack-sync outbox list`.' : '',
    conflicts > 0 ? conflictHint : '',
    held > 0 ? heldHint : '',
  ];
  return new AppError(
    'PARTIAL',
    `${counted(refused, 'entry', 'entries')} of the outbox ${said}; the mirror is up to date.`,
    { hint: hints.filter((hint) => hint !== '').join(' '), details },
  );
}

function isTroubled({ inDoubt, unsent, rejected, conflicts, held, error }: WatchedPush): boolean {
  return error !== null || inDoubt + unsent + rejected + conflicts + held > 0;
}

/** A needed login or a lock says more than that entries are unsent. */
function isOwnExit(code: string): boolean {
  const exitCode: number = exitCodeOf(code);
  return exitCode === exitCodes.login || exitCode === exitCodes.busy;
}
