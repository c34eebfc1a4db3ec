import { AppError } from '../base/errors.ts';
import type { ProxyConfig } from './config.ts';
import { type Environment, readVariable } from './environment.ts';

/** Both spellings are in use; the lower-case one wins, as in curl. */
export function readProxy(env: Environment): ProxyConfig {
  const httpsProxy = readVariable(env, 'https_proxy') ?? readVariable(env, 'HTTPS_PROXY');
  if (httpsProxy !== null && !(URL.canParse(httpsProxy) && /^https?:$/.test(new URL(httpsProxy).protocol))) {
    // The value is not repeated: a proxy's URL may hold its password.
    throw new AppError('INVALID_INPUT', 'HTTPS_PROXY does not hold the URL of an http or https proxy.', {
      hint: 'Set it to a URL such as http://proxy.example:3128, or unset it.',
    });
  }
  const noProxy = readVariable(env, 'no_proxy') ?? readVariable(env, 'NO_PROXY') ?? '';
  return {
    httpsProxy,
    noProxy: noProxy.split(/[\s,]+/).filter((host) => host !== ''),
  };
}
