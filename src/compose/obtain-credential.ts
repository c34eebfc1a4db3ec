import { readFile } from 'node:fs/promises';
import type { Credential } from '../auth/credential.ts';
import { readPrivateKey } from '../auth/jwt-assertion.ts';
import { loginWithAccessToken } from '../auth/login-access-token.ts';
import { loginWithBrowser } from '../auth/login-browser.ts';
import { loginWithClientCredentials } from '../auth/login-client-credentials.ts';
import { loginWithJwt } from '../auth/login-jwt.ts';
import type { Clock } from '../base/clock.ts';
import { AppError, messageOf, systemCodeOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { exposureOf, makePrivate } from '../base/private-path.ts';
import type { Config } from '../config/config.ts';
import type { CallContext } from '../contract/app.ts';
import type { LoginEvent, LoginOptions } from '../contract/login.ts';
import type { Wire } from '../wire/open-wire.ts';
import { openInBrowser } from './open-browser.ts';

interface ObtainParts {
  readonly config: Pick<Config, 'clientId' | 'clientSecret'>;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Goes through the chosen login flow, with the configured app where the options name none. */
export async function obtainCredential(
  parts: ObtainParts,
  options: LoginOptions,
  { signal, onEvent }: CallContext<LoginEvent>,
): Promise<Credential> {
  const { config, clock, wire, log } = parts;
  const flow = { wire, clock, log, signal };
  switch (options.flow) {
    case 'access-token':
      return loginWithAccessToken({
        ...flow,
        instanceUrl: options.instanceUrl,
        accessToken: options.accessToken,
      });
    case 'jwt':
      return loginWithJwt({
        ...flow,
        loginUrl: options.loginUrl,
        clientId: clientIdOf(parts, options.clientId),
        username: options.username,
        privateKey: await readKey(options.keyFile, log),
      });
    case 'client-credentials':
      return loginWithClientCredentials({
        ...flow,
        instanceUrl: options.instanceUrl,
        clientId: clientIdOf(parts, options.clientId),
        clientSecret: options.clientSecret,
      });
    case 'browser':
      return loginWithBrowser({
        ...flow,
        loginUrl: options.loginUrl,
        clientId: clientIdOf(parts, options.clientId),
        clientSecret: config.clientSecret ?? undefined,
        ports: options.port === null ? undefined : [options.port],
        timeoutMs: options.timeoutMs,
        readRedirect: options.readRedirect,
        onUrl: ({ url, redirectUri }) => onEvent({ event: 'login:url', url, redirectUri }),
        openBrowser: options.openBrowser
          ? async (url) => {
              try {
                await openInBrowser(url);
              } catch (error) {
                onEvent({ event: 'login:browser-failed', message: messageOf(error) });
              }
            }
          : null,
      });
  }
}

function clientIdOf({ config }: Pick<ObtainParts, 'config'>, given: string | null): string {
  const clientId = given ?? config.clientId;
  if (clientId !== null) return clientId;
  throw new AppError('CLIENT_ID_MISSING', 'A login needs the consumer key of your own external client app.', {
    hint: 'Give it with --client-id or PARAHACK_SYNC_CLIENT_ID; the README says how to register the app.',
  });
}

/** ssh refuses a key that others may read; ours is mended, and one that root hands out (a mounted secret) is told. */
function keepKeyPrivate(file: string, log: Logger): void {
  const exposure = exposureOf(file, 'any');
  if (exposure === null) return;
  const { what, mend, isOurs } = exposure;
  const said = `${what}, and it holds a private key`;
  if (!isOurs) throw new AppError('INVALID_INPUT', `${said} of another user.`, { hint: mend });
  try {
    makePrivate(exposure, 'any');
    log.warn(`${said}; that right was taken away.`);
  } catch {
    log.warn(`${said}. ${mend}`);
  }
}

async function readKey(file: string, log: Logger): Promise<string> {
  const key = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new AppError(
      'INVALID_INPUT',
      `The key file ${file} cannot be read (${systemCodeOf(error) ?? 'unknown'}).`,
      {
        hint: '--jwt-key-file names the private key (PEM) whose certificate is in the external client app.',
      },
    );
  });
  // A certificate or a folder, named by mistake, keeps its rights: others may need them.
  if (key.includes('PRIVATE KEY')) keepKeyPrivate(file, log);
  readPrivateKey(key, `The key file ${file}`);
  return key;
}
