import { AppError } from '../base/errors.ts';
import type { ProcessOrg } from './config.ts';
import { type Environment, readVariable } from './environment.ts';
import { checkServiceUrl } from './service-url.ts';

const urlVariable = 'PARAHACK_SYNC_INSTANCE_URL';
const tokenVariable = 'PARAHACK_SYNC_ACCESS_TOKEN';

/** The org of this one process, or null where neither variable is set; half of it is refused. */
export function readProcessOrg(env: Environment): ProcessOrg | null {
  const instanceUrl = readVariable(env, urlVariable);
  const accessToken = readVariable(env, tokenVariable);
  if (instanceUrl === null && accessToken === null) return null;
  if (instanceUrl === null || accessToken === null) {
    const [present, missing] =
      instanceUrl === null ? [tokenVariable, urlVariable] : [urlVariable, tokenVariable];
    throw new AppError('INVALID_INPUT', `${present} is set, but ${missing} is not.`, {
      hint: `Set ${missing} too, or unset ${present} to use the connected orgs.`,
    });
  }
  return { instanceUrl: checkServiceUrl(instanceUrl, urlVariable), accessToken };
}
