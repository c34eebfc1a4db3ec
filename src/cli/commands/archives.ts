import type { ArchiveView } from '../../contract/archives.ts';
import { bounds, defaults } from '../../contract/defaults.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { wholeNumber } from '../options/number-option.ts';
import { byteSize, counted } from '../render/quantity.ts';
import { relativeTime } from '../render/relative-time.ts';
import { renderTable } from '../render/table.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { requireSubcommand } from './require-subcommand.ts';

export function addArchivesCommand({ program, run }: CommandHost): void {
  const archives = program
    .command('archives')
    .summary('mirrors that backfill --fresh put aside')
    .description('Lists and removes the old mirrors that `backfill --fresh` archived.')
    .addHelpText('after', examples('archives list', 'archives prune prod --keep 1'));
  requireSubcommand(archives);
  archives
    .command('list')
    .description('Lists archived mirrors, the newest first. Without ORG: of all connected orgs.')
    .argument('[org]', 'alias, instance URL, host or username')
    .addHelpText('after', examples('archives list', 'archives list prod --json'))
    .action((org: string | undefined, _flags, command) => run(command, (call) => list(call, org ?? null)));
  archives
    .command('prune')
    .description(
      'Removes archived mirrors but the newest ones, and says which. Without ORG: of all connected orgs.',
    )
    .argument('[org]', 'alias, instance URL, host or username')
    .option(
      '--keep <n>',
      'how many of each org stay',
      wholeNumber(...bounds.keptArchives),
      defaults.keptArchives,
    )
    .addHelpText('after', examples('archives prune', 'archives prune prod --keep 0'))
    .action((org: string | undefined, { keep }: { keep: number }, command) =>
      run(command, (call) => prune(call, org ?? null, keep)),
    );
}

async function list(call: Invocation, org: string | null): Promise<Outcome> {
  const app = await call.app();
  const result = await app.archives.list({ org });
  return {
    document: result,
    text: () => (result.archives.length === 0 ? 'No mirror is archived.' : tableOf(result.archives, call)),
  };
}

async function prune(call: Invocation, org: string | null, keep: number): Promise<Outcome> {
  const app = await call.app();
  const result = await app.archives.prune({ org, keep });
  const { removed, kept } = result;
  return {
    document: result,
    text: () => {
      const rest = kept.length === 0 ? '' : `, ${kept.length} kept`;
      if (removed.length === 0) return `Nothing to remove${rest}.`;
      const bytes = removed.reduce((sum, archive) => sum + archive.bytes, 0);
      return `Removed ${counted(removed.length, 'archived mirror')} (${byteSize(bytes)})${rest}:\n${tableOf(removed, call)}`;
    },
  };
}

function tableOf(archives: readonly ArchiveView[], { terminal, io, orgNames }: Invocation): string {
  return renderTable(
    [
      { title: 'ORG' },
      { title: 'ARCHIVED' },
      { title: 'SIZE', align: 'right' },
      { title: 'FILE', key: true },
    ],
    archives.map(({ instanceUrl, archivedAt, bytes, path }) => [
      orgNames.of(instanceUrl),
      relativeTime(archivedAt, io.now()),
      byteSize(bytes),
      path,
    ]),
    terminal,
  );
}
