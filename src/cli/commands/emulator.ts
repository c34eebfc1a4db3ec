import { AppError } from '../../base/errors.ts';
import type { EmulatedOrg, EmulatorEvent } from '../../contract/emulator.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { collectList } from '../options/list-option.ts';
import { wholeNumber } from '../options/number-option.ts';
import { renderFacts } from '../render/facts.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

interface EmulatorFlags {
  port: number;
  orgs: number;
  orgId?: string;
  contacts: number;
  seed: number;
  customFields: number;
  state?: string;
  latency: number;
  dailyLimit: number;
  concurrentLimit: number;
  object?: string[];
  autoApprove?: boolean;
  rotateRefreshTokens?: boolean;
}

const many = Number.MAX_SAFE_INTEGER;

export function addEmulatorCommand({ program, run }: CommandHost): void {
  program
    .command('emulator')
    .summary('a local Salesforce org')
    .description(
      'Runs a local Salesforce org for tests and rehearsals, on a loopback address, until it is stopped.',
    )
    .option('--port <n>', 'port; 0 takes a free one', wholeNumber(0, 65_535), 0)
    .option('--orgs <n>', 'so many orgs, each on a port of its own', wholeNumber(1, 1_000), 1)
    .option('--org-id <id>', 'the org id; otherwise it follows port and seed')
    .option('--contacts <n>', 'contacts to begin with', wholeNumber(0, 50_000_000), 1_000)
    .option('--seed <n>', 'the same seed gives the same contacts', wholeNumber(0, 0xffff_ffff), 1)
    .option('--custom-fields <n>', 'custom fields of Contact', wholeNumber(0, 500), 3)
    .option('--state <file>', 'keep the org in this file')
    .option('--latency <ms>', 'milliseconds that each answer takes more', wholeNumber(0, 600_000), 0)
    .option('--daily-limit <n>', 'API requests a day', wholeNumber(0, many), 100_000)
    .option('--concurrent-limit <n>', 'long requests at a time', wholeNumber(1, 100_000), 25)
    .option('--object <files>', "describe documents of further objects, in Salesforce's JSON", collectList)
    .option('--auto-approve', 'log in without the login page, for scripts')
    .option('--rotate-refresh-tokens', 'each refresh gives a new refresh token and ends the old one')
    .addHelpText(
      'after',
      examples(
        'emulator',
        'emulator --port 8080 --contacts 100000 --latency 300',
        'emulator --json --auto-approve',
        'emulator --orgs 3 --port 8080',
      ),
    )
    .action((flags: EmulatorFlags, command) => run(command, (call) => emulator(call, flags)));
}

async function emulator(call: Invocation, flags: EmulatorFlags): Promise<Outcome> {
  if (flags.state === '-') {
    throw new AppError('INVALID_INPUT', '--state - is no file, and an org is kept in one.', {
      hint: 'Name a file; one that is called - is ./-',
    });
  }
  const app = await call.app();
  await app.emulator(
    {
      port: flags.port,
      orgs: flags.orgs,
      orgId: flags.orgId ?? null,
      contacts: flags.contacts,
      seed: flags.seed,
      customFields: flags.customFields,
      stateFile: flags.state ?? null,
      latencyMs: flags.latency,
      dailyLimit: flags.dailyLimit,
      concurrentLimit: flags.concurrentLimit,
      objectFiles: flags.object ?? [],
      autoApprove: flags.autoApprove ?? false,
      rotateRefreshTokens: flags.rotateRefreshTokens ?? false,
    },
    (event) => void (call.output.json ? call.printLine(event) : call.print(readyText(event, call))),
  );
  return {};
}

function readyText({ orgs }: EmulatorEvent, call: Invocation): string {
  return orgs.map((org) => orgText(org, call)).join('\n');
}

function orgText(org: EmulatedOrg, { terminal: { style } }: Invocation): string {
  const facts = renderFacts(
    [
      ['client id', org.clientId],
      ['client secret', org.clientSecret],
      ['username', org.username],
      ['org id', org.orgId],
      ['access token', org.accessToken],
    ],
    style,
  );
  return (
    `${style.bold(`A Salesforce org listens on ${org.url}`)}\n${facts}\n` +
    `Log in with: parahack-sync login --instance-url ${org.url} --client-id ${org.clientId}\n`
  );
}
