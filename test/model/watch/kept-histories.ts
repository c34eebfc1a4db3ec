import { join } from 'node:path';
import { keptIn } from '../kept-histories.ts';
import { historyOf } from './history.ts';

export const keptHistories = () => keptIn(join(import.meta.dirname, 'histories'), historyOf);
