/** As `../run-histories.ts` says. */
import { runHistories } from '../run-histories.ts';
import { histories, historyOf, play } from './history.ts';
import { keptHistories } from './kept-histories.ts';

await runHistories({ histories, historyOf, play, keptHistories });
