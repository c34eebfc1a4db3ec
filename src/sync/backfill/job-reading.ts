import type { Semaphore } from '../../base/semaphore.ts';
import type { AdaptiveLimit } from '../adaptive-limit.ts';
import type { CopyReading } from './copy-reading.ts';

export interface JobReading extends CopyReading {
  limit: AdaptiveLimit;
  /** One makes the next jobs at a time. */
  opening: Semaphore;
}
