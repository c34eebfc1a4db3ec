import { type Command, Option } from 'commander';
import { AppError } from '../../base/errors.ts';
import type { Handler } from '../invocation.ts';
import type { CommandHost } from './command-host.ts';
import { requireSubcommand } from './require-subcommand.ts';

type Described = readonly [name: string, description: string];

interface Absent {
  what: string;
  /** What to do in its place. */
  instead: string;
}

interface AbsentCommands extends Absent {
  /** Their paths with their arguments; the first is the group of the others, where there are others. */
  commands: readonly (readonly [path: string, description: string, flags?: readonly Described[]])[];
  /** The group alone does something too. */
  groupActs?: boolean;
}

interface AbsentFlag extends Absent {
  command: string;
  flag: Described;
}

/** What scripts may rely on by name and this version does not have yet: its command line, and nothing behind it. */
const absentCommands: readonly AbsentCommands[] = [
  {
    what: '`service`',
    instead: 'Let your own service manager run: parahack-sync watch',
    commands: [
      ['service', 'Runs `watch` as a user service: systemd, launchd or the Windows Task Scheduler'],
      ['service install', 'Installs and starts the service'],
      ['service uninstall', 'Stops and removes the service'],
      ['service status', 'Shows whether the service runs'],
      ['service logs', "Shows the service's log"],
    ],
  },
  {
    what: '`changes`',
    instead:
      'Read the rows of the mirror whose `_read_at` is later than your last look; docs/mirror.md has its tables.',
    groupActs: true,
    commands: [
      [
        'changes [org...]',
        'The change feed, one JSON object a line, the oldest first',
        [
          ['--after <seq>', 'begin behind this change'],
          ['--consumer <name>', 'go on where this consumer acknowledged'],
          ['--follow', 'wait for further changes'],
          ['--limit <n>', 'how many'],
        ],
      ],
      ['changes ack <name> <seq>', 'Acknowledges for a consumer all changes up to one'],
      ['changes consumers', 'Lists the consumers'],
      ['changes forget <name>', 'Forgets a consumer'],
    ],
  },
  {
    what: '`webhooks`',
    instead:
      'Let a program of yours read `parahack-sync watch --json` and post after each `cycle:complete` line.',
    commands: [
      ['webhooks', 'Changes by HTTP POST, signed as Standard Webhooks'],
      [
        'webhooks add <url>',
        'Posts changes to a URL from now on',
        [['--org <org>', 'alias, instance URL, host or username']],
      ],
      ['webhooks list', 'Lists the webhooks'],
      ['webhooks remove <id>', 'Removes a webhook'],
      ['webhooks test <id>', 'Posts a change to a webhook, to try it'],
      ['webhooks resume <id>', 'Goes on with a webhook that was paused'],
    ],
  },
  {
    what: '`events`',
    instead: 'Poll more often: parahack-sync watch --interval 30s',
    commands: [
      ['events', 'Change Data Capture for Contact in the org'],
      ['events enable [org]', 'Turns it on in the org, for all who use it', [['--yes', 'do not ask']]],
      ['events disable [org]', 'Turns it off in the org', [['--yes', 'do not ask']]],
      ['events status [org]', 'Shows how the stream is doing'],
    ],
  },
  {
    what: '`worker`',
    instead: 'One machine syncs many orgs side by side: parahack-sync watch',
    commands: [
      ['worker', 'Takes jobs from PostgreSQL until SIGTERM', [['--concurrency <n>', 'jobs at a time']]],
    ],
  },
];

const absentFlags: readonly AbsentFlag[] = [
  {
    command: 'watch',
    flag: ['--exec <cmd>', 'hand changes to this command'],
    what: '`watch --exec`',
    instead:
      'Let a program of yours read `parahack-sync watch --json`: after each `cycle:complete` line the mirror has what changed.',
  },
  {
    command: 'emulator',
    flag: ['--events-port <n>', 'port of the Pub/Sub API'],
    what: '`emulator --events-port`',
    instead: 'Leave it out: all but the stream of events is there.',
  },
];

/** Adds to the whole command line what this version can only say no to. */
export function addWhatIsAbsent({ program, run }: CommandHost): void {
  for (const absent of absentCommands) {
    for (const [path, description, flags = []] of absent.commands) {
      const words = path.split(' ');
      const parents = words.findIndex((word, at) => at > 0 && /^[<[]/.test(word));
      const names = parents < 0 ? words : words.slice(0, parents);
      const parent = at(program, names.slice(0, -1));
      const command = parent
        .command([names.at(-1), ...words.slice(names.length)].join(' '))
        .description(`${description}. Not part of this version yet.`);
      if (names.length === 1) command.summary(`${description} (not yet)`);
      for (const [flag, what] of flags) command.option(flag, what);
      const isGroup = absent.commands.length > 1 && names.length === 1;
      if (isGroup && absent.groupActs !== true) requireSubcommand(command);
      // Commander hands an action the command as its last argument.
      else command.action((...given) => run(given.at(-1) as Command, sayNo(absent)));
    }
  }
  for (const { command, flag } of absentFlags)
    at(program, command.split(' ')).addOption(new Option(flag[0], `${flag[1]} (not yet)`));
}

/** What takes the place of a command's own work where it was given a flag that this version does not have. */
export function refusalOfFlags(command: Command): Handler | null {
  const path = pathOf(command);
  const asked = absentFlags.find(
    ({ command: of, flag }) =>
      of === path && command.getOptionValue(new Option(flag[0]).attributeName()) !== undefined,
  );
  return asked === undefined ? null : sayNo(asked);
}

function sayNo({ what, instead }: Absent): Handler {
  return async () => {
    throw new AppError('NOT_AVAILABLE', `${what} is not part of this version yet.`, { hint: instead });
  };
}

function at(program: Command, names: readonly string[]): Command {
  return names.reduce((parent, name) => {
    const child = parent.commands.find((command) => command.name() === name);
    if (child === undefined) throw new Error(`There is no command ${names.join(' ')}.`);
    return child;
  }, program);
}

function pathOf(command: Command): string {
  const names: string[] = [];
  for (let each: Command | null = command; each?.parent; each = each.parent) names.unshift(each.name());
  return names.join(' ');
}
