import { AppError } from '../../base/errors.ts';

export interface LoginFlags {
  instanceUrl?: string;
  sandbox?: boolean;
  alias?: string;
  clientId?: string;
  port?: number;
  browser: boolean;
  redirectStdin?: boolean;
  timeout: number;
  sync: boolean;
  replaceUser?: boolean;
  replaceGrant?: boolean;
  move?: boolean;
  accessTokenStdin?: boolean;
  jwtKeyFile?: string;
  username?: string;
  clientCredentials?: boolean;
}

/** Which flags go together: one flow at most, with all it needs. Throws AppError `INVALID_INPUT`. */
export function checkLoginFlags(flags: LoginFlags): void {
  const flows = [
    flags.accessTokenStdin ? '--access-token-stdin' : null,
    flags.jwtKeyFile === undefined ? null : '--jwt-key-file',
    flags.clientCredentials ? '--client-credentials' : null,
  ].filter((flow) => flow !== null);
  const [flow, other] = flows;
  if (flow !== undefined && other !== undefined)
    throw wrong(`${flow} and ${other} are two ways to log in.`, 'Give one.');
  if (flags.sandbox && flags.instanceUrl !== undefined) {
    throw wrong('--sandbox and --instance-url name two places to log in.', 'Give one of them.');
  }
  if (flow !== undefined && flow !== '--jwt-key-file' && flags.instanceUrl === undefined) {
    throw wrong(
      `${flow} needs --instance-url.`,
      "Add the org's own URL: --instance-url https://acme.my.salesforce.com",
    );
  }
  if (flow === '--jwt-key-file' && flags.username === undefined) {
    throw wrong(
      '--jwt-key-file needs --username.',
      'Add the user that the app is approved for: --username me@acme.com',
    );
  }
  if (flow !== '--jwt-key-file' && flags.username !== undefined) {
    throw wrong(
      '--username belongs to --jwt-key-file.',
      'In the browser, the user is chosen on the login page.',
    );
  }
  if (flow !== undefined && (flags.port !== undefined || !flags.browser || flags.redirectStdin)) {
    throw wrong(`--port, --no-browser and --redirect-stdin do nothing with ${flow}.`, 'Leave them out.');
  }
}

function wrong(message: string, hint: string): AppError {
  return new AppError('INVALID_INPUT', message, { hint });
}
