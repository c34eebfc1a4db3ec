import type { ProgressEvent } from '../../contract/progress.ts';

/** Shows how far work is, on stderr. */
export interface ProgressView {
  show(event: ProgressEvent): void;
  /** Takes away what is only there while work goes on. */
  stop(): void;
}
