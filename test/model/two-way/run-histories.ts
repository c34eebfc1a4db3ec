/** As `../run-histories.ts` says. */
import { runHistories } from '../run-histories.ts';
import { type History, histories, play } from './history.ts';
import { keptHistories } from './kept-histories.ts';

await runHistories<History, History>({ histories, historyOf: (told) => told, play, keptHistories });
