import { join } from 'node:path';
import { keptIn } from '../kept-histories.ts';
import type { History } from './history.ts';

export const keptHistories = () => keptIn(join(import.meta.dirname, 'histories'), (told: History) => told);
