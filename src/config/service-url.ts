import { AppError } from '../base/errors.ts';
import { isLoopbackHost } from '../org/instance-url.ts';

/**
 * An instance or login URL out of `origin` (a variable's or flag's name): https, or http on a loopback host.
 * Throws AppError `INVALID_INPUT`; the text itself is not repeated, it may hold a secret.
 */
export function checkServiceUrl(text: string, origin: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const hint = `Set ${origin} to a full URL such as https://acme.my.salesforce.com.`;
  if (url === null || url.hostname === '' || !/^https?:$/.test(url.protocol)) {
    throw new AppError('INVALID_INPUT', `${origin} does not hold a URL.`, { hint });
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError('INVALID_INPUT', `${origin} must not hold a user name or password.`, { hint });
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw new AppError('INVALID_INPUT', `${origin} is not encrypted; only localhost may use http.`, { hint });
  }
  return url.origin;
}
