/** As `../run-histories.ts` says. */
import { runHistories } from '../run-histories.ts';
import { fewContactsHistories } from './few-contacts.ts';
import { type History, play } from './history.ts';

await runHistories<History, History>({
  histories: fewContactsHistories,
  historyOf: (told) => told,
  play,
  keptHistories: () => [],
});
