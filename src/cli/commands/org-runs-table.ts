import { formatDuration } from '../../base/interval.ts';
import type { Invocation } from '../invocation.ts';
import type { OrgOutcome } from '../org-failure.ts';
import { count } from '../render/quantity.ts';
import { renderTable } from '../render/table.ts';

/** What became of work on one org, in the words of the contract. */
export interface OrgRun extends OrgOutcome {
  status: string;
  apiCalls: number;
  durationMs: number;
}

/** A row for each org: how it ended, the work's own quantities, and what it cost. */
export function orgRunsTable<Run extends OrgRun>(
  runs: readonly Run[],
  quantities: Readonly<Record<string, (run: Run) => string>>,
  { terminal, orgNames }: Pick<Invocation, 'terminal' | 'orgNames'>,
): string {
  const columns: [title: string, cell: (run: Run) => string][] = [
    ...Object.entries(quantities),
    ['API CALLS', ({ apiCalls }) => count(apiCalls)],
    ['TIME', ({ durationMs }) => formatDuration(durationMs)],
  ];
  return renderTable(
    [
      { title: 'ORG', key: true },
      { title: 'STATUS' },
      ...columns.map(([title]) => ({ title, align: 'right' as const })),
      { title: 'ERROR' },
    ],
    runs.map((run) => [
      orgNames.of(run.instanceUrl),
      run.status,
      ...columns.map(([, cell]) => cell(run)),
      run.error?.message ?? '',
    ]),
    terminal,
  );
}
