import type { CallDetails } from '../../base/error-details.ts';
import { AppError } from '../../base/errors.ts';
import type { ErrorInfo } from '../../contract/error-info.ts';
import type { EntriesBehind, FaultKind, InvalidInput, PushResult, PushStatus } from '../../contract/push.ts';
import { shellQuote } from '../completion/shell-quote.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { fileWord } from '../input/file-word.ts';
import { appErrorOf } from '../org-failure.ts';
import { count, counted } from '../render/quantity.ts';

type Counted = Pick<PushResult, 'records' | 'counts' | 'statuses' | 'invalid'>;

export const conflictHint =
  '`parahack-sync outbox list --conflicts` shows the conflicts; `parahack-sync outbox retry KEY --take local` or `parahack-sync outbox retry KEY --take salesforce` decides each.';
const droppedHint =
  'What was given up is not sent: look in Salesforce whether it is there before you push it anew.';
export const heldHint =
  '`parahack-sync outbox list --state held` shows what is held, `parahack-sync outbox approve --all` releases it, `parahack-sync outbox drop --all --state held` gives it up.';

/**
 * Exit 2 where the input has faults; 5 when any of its records is in doubt or unsent, else 4 when any was refused,
 * in conflict or held. What else waits in the outbox is told, but is not this push's failure.
 */
export function pushFailure(
  result: Counted,
  { queue, rejects }: { queue: boolean; rejects: boolean },
): AppError | null {
  if (result.invalid !== null) return invalidInput(result.invalid, rejects);
  const having = (...statuses: PushStatus[]) =>
    statuses.reduce((sum, status) => sum + (result.statuses.get(status) ?? 0), 0);
  const { stopped } = result.counts;
  const unsent = queue ? 0 : having('queued');
  const inDoubt = having('in-doubt');
  if (stopped !== null && concernsCall(stopped.code, unsent + inDoubt)) {
    return appErrorOf(withOutbox(stopped, unsent));
  }
  if (inDoubt > 0) {
    const here = stopped !== null && exitCodeOf(stopped.code) === exitCodes.failed ? stopped : null;
    const why = here === null ? '' : ` The sending has ended: ${here.message}`;
    const mend = here?.hint ? `${here.hint} ` : '';
    return new AppError(
      'IN_DOUBT',
      `What became of ${counted(inDoubt, 'record')} is not known; nothing is sent twice.${why}`,
      {
        hint: `${mend}In a few minutes \`parahack-sync outbox settle --auto\` or the next push or cycle asks Salesforce what became of them; see them with \`parahack-sync outbox list --state in-doubt,sent\`.`,
        details: { inDoubt, stopped },
      },
    );
  }
  const decisions = decisionsBefore(result.counts.behind);
  if (unsent > 0 && decisions.records >= unsent) {
    const [waits, its] = unsent === 1 ? ['waits', 'its contact'] : ['wait', 'their contacts'];
    return new AppError(
      'UNSENT',
      `${counted(unsent, 'record')} ${waits} behind earlier changes of ${its} that somebody has to decide.`,
      {
        hint: `Pushing again does not help before that. ${decisions.hint}`,
        details: { unsent, behind: result.counts.behind, stopped },
      },
    );
  }
  if (unsent > 0) {
    const why = stopped === null ? '' : `: ${stopped.message.replace(/\.$/, '')}`;
    // A time from which it is worth while is what a person, or a script's author, plans by.
    const { retryAfterMs } = (stopped?.details ?? {}) as CallDetails;
    const when = typeof retryAfterMs === 'number' ? ` ${stopped?.hint ?? ''}` : '';
    const [waiting, them] = unsent === 1 ? ['It waits', 'it'] : ['They wait', 'them'];
    return new AppError('UNSENT', `${counted(unsent, 'record')} still to be sent${why}.`, {
      hint: `${waiting} in the outbox for the next \`watch\` cycle or \`push\`.${when} The same push again goes on with ${them} and sends nothing twice.${decisions.records === 0 ? '' : ` Of ${counted(decisions.records, 'record')} an earlier change has to be decided first. ${decisions.hint}`}`,
      details: { unsent, behind: result.counts.behind, stopped },
    });
  }
  return notAccepted(result.records, {
    rejected: having('rejected'),
    conflicts: having('conflict'),
    held: having('held'),
    dropped: having('dropped'),
    rejects,
  });
}

/** What a person has to do before the records behind it can be sent. */
export function decisionsBefore({ conflicts, held, inDoubt }: EntriesBehind): {
  records: number;
  hint: string;
} {
  const hints = [
    conflicts > 0 ? conflictHint : '',
    held > 0 ? heldHint : '',
    inDoubt > 0
      ? '`parahack-sync outbox list --state in-doubt` shows what is in doubt, `parahack-sync outbox settle --auto` asks Salesforce.'
      : '',
  ];
  return { records: conflicts + held + inDoubt, hint: hints.filter((hint) => hint !== '').join(' ') };
}

/** With what went wrong with the rejects file, where records are refused; its own end where they are not. */
export function withUnsaved(failure: AppError | null, unsaved: AppError | null): AppError | null {
  if (failure === null || unsaved === null) return failure ?? unsaved;
  if (exitCodeOf(failure.code) !== exitCodes.partial) return failure;
  return new AppError(failure.code, `${failure.message} ${unsaved.message}`, {
    hint: [unsaved.hint, failure.hint].filter(Boolean).join(' '),
    details: failure.details,
    cause: unsaved,
  });
}

function notAccepted(
  records: number,
  {
    rejected,
    conflicts,
    held,
    dropped,
    rejects,
  }: { rejected: number; conflicts: number; held: number; dropped: number; rejects: boolean },
): AppError | null {
  const left = rejected + conflicts + held + dropped;
  if (left === 0) return null;
  const [is, was] = left === 1 ? ['is', 'was'] : ['are', 'were'];
  const said =
    left === held ? `${is} held until ${left === 1 ? 'it is' : 'they are'} approved` : `${was} not accepted`;
  // The whole input again, with --rejects added, would create once more what was accepted.
  const mend = rejects
    ? 'The rejects file has them with their reasons: mend it and push that file alone. Each of its records takes the place of the refused entry that its _entry names; as they were, `parahack-sync outbox retry --all` sends them again.'
    : `See each record's errors, mend what was refused and push ${left === records ? 'it again' : 'these alone: the others are done'}. \`--rejects FILE\`, given with a push, writes them to a file.`;
  const keeps = rejects
    ? ''
    : ' The outbox keeps them as they are, and `parahack-sync outbox retry --all` would send them beside the mended ones: `parahack-sync outbox drop --all` gives the refused ones up.';
  const hints = [
    rejected > 0 ? `${mend}${keeps}` : '',
    conflicts > 0 ? conflictHint : '',
    held > 0 ? heldHint : '',
    dropped > 0 ? droppedHint : '',
  ];
  return new AppError('PARTIAL', `${count(left)} of ${counted(records, 'record')} ${said}.`, {
    hint: hints.filter((hint) => hint !== '').join(' '),
    details: { refused: rejected, held, conflicts, dropped },
  });
}

/** Whoever mended the rejects file alone and pushed that would leave out all records without a fault. */
function invalidInput({ records, total, kinds }: InvalidInput, rejects: boolean): AppError {
  const having = (...codes: string[]) => kinds.some(({ code }) => codes.includes(code));
  const wrapped = kinds.find(({ code }) => code === 'WRAPPED_RECORDS');
  const misread = kinds.find(({ code }) => code === 'MISREAD_TEXT');
  const hints = [
    wrapped === undefined
      ? 'Mend the places named and push all of the input again.'
      : takenOut(wrapped, total),
    having('UNKNOWN_FIELD')
      ? "--map 'HEADER=FIELD' names the field of a column, --ignore-unknown leaves out the columns that Contact does not have."
      : '',
    having('NOT_CREATEABLE', 'NOT_UPDATEABLE')
      ? '--ignore-read-only leaves out the columns that Salesforce alone sets.'
      : '',
    having('ID_MISSING')
      ? 'Give each record the Id of its contact; --allow-mixed takes those without one as new contacts.'
      : '',
    misread === undefined
      ? ''
      : `A whole file that was read in a wrong encoding is mended by \`iconv -f UTF-8 -t WINDOWS-1252 ${fileWord(misread.source)} > NEW\`: where that ends without an error, push NEW with the same flags. --allow-damaged takes such texts as they are.`,
    rejects && records < total ? 'The rejects file has the records with faults alone.' : '',
  ];
  const verb = `${total === 1 ? 'record' : 'records'} ${records === 1 ? 'is' : 'are'}`;
  return new AppError(
    'INVALID_INPUT',
    `${count(records)} of ${count(total)} ${verb} not valid; nothing was sent.`,
    {
      hint: hints.filter((hint) => hint !== '').join(' '),
      details: { faultyRecords: records },
    },
  );
}

/** Of several objects that hold lists, the lists would follow each other, and no input is made of several arrays. */
function takenOut({ field, source }: FaultKind, records: number): string {
  const filter = shellQuote(`.${field}${records === 1 || field?.includes('[].') ? '' : '[]'}`);
  const jq = source === '-' ? `… | jq ${filter}` : `jq ${filter} ${shellQuote(source)}`;
  return `The records are wrapped in a member of ${records === 1 ? 'an object' : 'objects'}: if these are the contacts, take them out with \`${jq} > NEW\`, and where that ends without an error, push NEW with the same flags.`;
}

/**
 * A signal, a needed login or a lock say more than that records are unsent. Where every record got its answer, only
 * a signal is the call's own end: what stopped the rest is of older entries, or of reading back.
 */
function concernsCall(code: string, open: number): boolean {
  const exitCode: number = exitCodeOf(code);
  if (exitCode === exitCodes.interrupted || exitCode === exitCodes.terminated) return true;
  return open > 0 && exitCode !== exitCodes.unavailable && exitCode !== exitCodes.failed;
}

/** What the same input pushed once more would do is what a script's author has to know. */
function withOutbox(stopped: ErrorInfo, unsent: number): ErrorInfo {
  const [wait, them] = unsent === 1 ? ['waits', 'it'] : ['wait', 'them'];
  const rest =
    unsent === 0
      ? 'Every record was sent; the same push again tells what became of each and sends nothing twice.'
      : `${counted(unsent, 'record')} ${wait} in the outbox for the next \`watch\` cycle or \`push\`; the same push again goes on with ${them} and sends nothing twice.`;
  // Last, for a hint may end with a command that is copied as it stands.
  return { ...stopped, hint: stopped.hint === null ? rest : `${rest} ${stopped.hint}` };
}
