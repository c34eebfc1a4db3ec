import { Option } from 'commander';
import { wholeNumber } from '../options/number-option.ts';
import type { CommandHost } from './command-host.ts';
import { sayNotAvailable } from './not-available.ts';

const instead =
  'Read the rows of the mirror whose `_read_at` is later than your last look; docs/mirror.md has its tables.';

export function addChangesCommand({ program, run }: CommandHost): void {
  const refuse = sayNotAvailable(run, '`changes`', instead);
  const number = wholeNumber(0, Number.MAX_SAFE_INTEGER);
  const changes = program
    .command('changes')
    .summary('the change feed of a mirror (not yet)')
    .description('The change feed, one JSON object a line, the oldest first. Not part of this version yet.')
    .argument('[org...]', 'aliases, instance URLs, hosts or usernames')
    .addOption(
      new Option('--after <seq>', 'begin behind this change').argParser(number).conflicts('consumer'),
    )
    .option('--consumer <name>', 'go on where this consumer acknowledged')
    .option('--follow', 'wait for further changes')
    .option('--limit <n>', 'how many', number)
    .action(refuse);
  changes
    .command('ack')
    .description('Acknowledges for a consumer all changes up to one (not yet).')
    .argument('<name>', "the consumer's name")
    .argument('<seq>', "the change's number", number)
    .action(refuse);
  changes.command('consumers').description('Lists the consumers (not yet).').action(refuse);
  changes
    .command('forget')
    .description('Forgets a consumer (not yet).')
    .argument('<name>', "the consumer's name")
    .action(refuse);
}
