import { AppError } from '../base/errors.ts';
import { isSharedLoginHost, normaliseInstanceUrl } from '../org/instance-url.ts';

/** The normalised URL of one org; AppError `INVALID_INPUT` for the hosts that all orgs share. */
export function ownHost(text: string): string {
  const instanceUrl = normaliseInstanceUrl(text);
  if (isSharedLoginHost(instanceUrl)) {
    throw new AppError('INVALID_INPUT', `${instanceUrl} is where everybody logs in, not an org.`, {
      hint: 'Give the org\'s own address, such as https://acme.my.salesforce.com (Setup, "My Domain").',
    });
  }
  return instanceUrl;
}
