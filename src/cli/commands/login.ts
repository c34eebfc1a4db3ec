import { Option } from 'commander';
import { AppError } from '../../base/errors.ts';
import { bounds, defaults } from '../../contract/defaults.ts';
import type { LoginEvent, LoginOptions, LoginResult } from '../../contract/login.ts';
import { askYesNo } from '../input/ask-yes-no.ts';
import { readSecret } from '../input/read-secret.ts';
import { portForwardOf, readRedirectOf } from '../input/redirect.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { duration } from '../options/duration-option.ts';
import { wholeNumber } from '../options/number-option.ts';
import { renderFacts } from '../render/facts.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { checkLoginFlags, type LoginFlags } from './login-flags.ts';

const sandboxLoginUrl = 'https://test.salesforce.com';

export function addLoginCommand({ program, run }: CommandHost): void {
  program
    .command('login')
    .summary('connect a Salesforce org')
    .description(
      'Connects a Salesforce org and turns its sync on. Without further flags this opens the browser ' +
        '(OAuth 2.0 authorization code with PKCE over a loopback redirect).',
    )
    .option('--instance-url <url>', "the org's own URL (My Domain)")
    .option('--sandbox', 'log in at https://test.salesforce.com')
    .option('--alias <name>', 'a short name for the org')
    .option('--client-id <id>', 'consumer key of the external client app (or PARAHACK_SYNC_CLIENT_ID)')
    .option('--port <n>', 'port of the redirect URI, as registered with the app', wholeNumber(1, 65_535))
    .option('--no-browser', 'print the URL in place of opening a browser')
    .option(
      '--redirect-stdin',
      'like --no-browser; takes the address that the browser ends at on standard input',
    )
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for the browser')
        .argParser(duration(...bounds.browserTimeoutMs))
        .default(defaults.browserTimeoutMs, '5m'),
    )
    .option('--no-sync', 'connect the org with sync off')
    .option('--replace-user', 'let another user take over an org that is already connected')
    .option('--replace-grant', 'give up a login that renews itself for one of another kind or app')
    .option('--move', 'an org that is connected under another address moves to this one, with its files')
    .option('--access-token-stdin', 'take a ready access token on standard input')
    .option('--jwt-key-file <file>', 'JWT bearer grant with this private key (PEM), for CI')
    .option('--username <name>', 'the user to log in by JWT')
    .option(
      '--client-credentials',
      'client credentials grant; the secret from PARAHACK_SYNC_CLIENT_SECRET or stdin',
    )
    .addHelpText(
      'after',
      examples(
        'login --alias prod --client-id 3MVG9…',
        'login --instance-url https://acme.my.salesforce.com --no-browser',
        'login --access-token-stdin --instance-url https://acme.my.salesforce.com < token',
        'login --jwt-key-file key.pem --username me@acme.com --client-id 3MVG9…',
      ),
    )
    .action((flags: LoginFlags, command) => run(command, (call) => login(call, flags)));
}

async function login(call: Invocation, flags: LoginFlags): Promise<Outcome> {
  checkLoginFlags(flags);
  const options = await loginOptions(call, flags);
  const asLine = call.output.json && options.flow === 'browser' && !options.openBrowser;
  const app = await call.app();
  const { org, movedFrom } = await app.login(options, (event) => showLoginEvent(call, event, { asLine }));
  return {
    document: { org, movedFrom },
    asLine,
    text: () =>
      `Connected ${org.instanceUrl} as ${org.username}${placeOf(org, movedFrom)}.\n` +
      renderFacts(
        [
          ['alias', org.alias ?? 'none'],
          ['org id', org.orgId],
          ['sync', org.sync ? 'on' : 'off'],
          ['grant', org.grant],
        ],
        call.terminal.style,
      ),
  };
}

async function loginOptions(call: Invocation, flags: LoginFlags): Promise<LoginOptions> {
  const config = call.config();
  const common = {
    alias: flags.alias ?? null,
    sync: flags.sync,
    replaceUser: flags.replaceUser ?? false,
    replaceGrant: flags.replaceGrant,
    move: flags.move,
    confirm: call.io.stdin.isTTY ? (question: string) => askYesNo(call, question) : undefined,
  };
  const clientId = flags.clientId ?? config.clientId;
  const loginUrl = flags.instanceUrl ?? (flags.sandbox ? sandboxLoginUrl : config.loginUrl);
  if (flags.accessTokenStdin) {
    const accessToken = await readSecret(call, 'access token');
    return { flow: 'access-token', ...common, instanceUrl: flags.instanceUrl!, accessToken };
  }
  if (clientId === null) throw clientIdMissing();
  if (flags.jwtKeyFile !== undefined) {
    return {
      flow: 'jwt',
      ...common,
      loginUrl,
      clientId,
      username: flags.username!,
      keyFile: flags.jwtKeyFile,
    };
  }
  if (flags.clientCredentials) {
    const clientSecret = config.clientSecret ?? (await readSecret(call, 'client secret'));
    return { flow: 'client-credentials', ...common, instanceUrl: flags.instanceUrl!, clientId, clientSecret };
  }
  return {
    flow: 'browser',
    ...common,
    loginUrl,
    clientId,
    port: flags.port ?? null,
    openBrowser: flags.browser && !flags.redirectStdin,
    readRedirect: readRedirectOf(call, flags),
    timeoutMs: flags.timeout,
  };
}

function showLoginEvent(
  { io, messages, printLine, output }: Invocation,
  event: LoginEvent,
  { asLine }: { asLine: boolean },
): void {
  switch (event.event) {
    case 'login:url': {
      const portForward = portForwardOf(io.env, event.redirectUri);
      const forward = portForward === null ? {} : { portForward };
      if (asLine) void printLine({ ...event, ...forward });
      else if (output.quiet) messages.fail([event.url]);
      else {
        messages.say('Log in to Salesforce in the browser:');
        messages.say(`  ${event.url}`);
        messages.say(`Waiting for ${event.redirectUri}`);
        if (portForward !== null) {
          messages.say('If your browser is on the machine that you came from by SSH, type there first:');
          messages.say(`  ${portForward}`);
        }
      }
      return;
    }
    case 'login:browser-failed':
      messages.warn(`No browser could be opened (${event.message}). Open the URL above by hand.`);
  }
}

/** An org is connected once: said where the address that was logged in at is not the one it is known by. */
function placeOf({ apiUrl, instanceUrl }: LoginResult['org'], movedFrom: string | null = null): string {
  if (movedFrom !== null) return `; its files have moved here from ${movedFrom}`;
  return apiUrl === undefined || apiUrl === instanceUrl ? '' : `; calls go to its new address ${apiUrl}`;
}

function clientIdMissing(): AppError {
  return new AppError('CLIENT_ID_MISSING', 'No OAuth client is named, and there is no built-in one.', {
    hint: 'Give the consumer key of your external client app by --client-id or PARAHACK_SYNC_CLIENT_ID.',
  });
}
