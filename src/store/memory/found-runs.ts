import type { Run, RunFilter } from '../../sync/ports/run.ts';
import type { MemoryState } from './memory-state.ts';

/** The runs that the filter lets through, newest first. */
export function foundRuns(
  { runs }: Pick<MemoryState, 'runs'>,
  { kind, status, prefix = '', unless, limit }: RunFilter,
): Run[] {
  return [...runs.values()]
    .filter(
      (run) =>
        (kind === undefined || run.kind === kind) &&
        (status === undefined || run.status === status) &&
        run.id.startsWith(prefix) &&
        (unless === undefined || (run.state as Record<string, unknown> | null)?.[unless] !== true),
    )
    .reverse()
    .slice(0, limit);
}
