import { AppError } from '../base/errors.ts';
import type { ApplicationConfig } from '../config/config.ts';
import { bounds, defaults } from '../contract/defaults.ts';
import type { LoginOptions } from '../contract/login.ts';
import { optionsOver, wholeNumber } from './options-over.ts';
import type { LoginRequest } from './parahack-sync.ts';

const common = {
  alias: null,
  sync: true,
  replaceUser: false,
  replaceGrant: undefined,
  move: undefined,
  confirm: undefined,
};

/** All options of a login, those that were not asked for as `parahack-sync login` has them without any flag. */
export function loginOptions(
  request: LoginRequest,
  { loginUrl }: Pick<ApplicationConfig, 'loginUrl'>,
): LoginOptions {
  switch (request.flow) {
    case 'access-token':
      return whole(
        { flow: request.flow, ...common, instanceUrl: '', accessToken: '' },
        request,
        'instanceUrl',
        'accessToken',
      );
    case 'client-credentials':
      return whole(
        { flow: request.flow, ...common, instanceUrl: '', clientId: null, clientSecret: '' },
        request,
        'instanceUrl',
        'clientSecret',
      );
    case 'jwt':
      return whole(
        { flow: request.flow, ...common, loginUrl, clientId: null, username: '', keyFile: '' },
        request,
        'username',
        'keyFile',
      );
    case 'browser': {
      const options = whole(
        {
          flow: request.flow,
          ...common,
          loginUrl,
          clientId: null,
          port: null,
          openBrowser: true,
          readRedirect: undefined,
          timeoutMs: defaults.browserTimeoutMs,
        },
        request,
      );
      wholeNumber('timeoutMs', options.timeoutMs, bounds.browserTimeoutMs);
      return options;
    }
    default: {
      const { flow } = request as { flow?: unknown };
      throw new AppError('INVALID_INPUT', `There is no login flow ${String(flow)}.`, {
        hint: 'flow is browser, access-token, jwt or client-credentials.',
      });
    }
  }
}

function whole<T extends LoginOptions>(
  usual: T,
  request: LoginRequest,
  ...needed: readonly (keyof T & string)[]
): T {
  const options = optionsOver<T>('login', usual, request as Partial<T>);
  const missing = needed.find((name) => options[name] === '' || options[name] === null);
  if (missing === undefined) return options;
  throw new AppError('INVALID_INPUT', `login by ${options.flow} needs ${missing}.`, {
    hint: `Give ${needed.join(' and ')}.`,
  });
}
