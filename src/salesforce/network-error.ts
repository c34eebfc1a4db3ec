import { type AppError, isAppError, messageOf } from '../base/errors.ts';
import { type RemoteErrorDetails, remoteError } from './remote-error.ts';

export interface NetworkFailure {
  error: AppError;
  /** Whether the request surely never reached the org. */
  unsent: boolean;
}

/** What undici, Node's sockets and zlib throw, as an AppError whose cause holds neither headers nor requests. */
export function networkFailure(thrown: unknown, request: string, host: string): NetworkFailure {
  if (isAppError(thrown)) return { error: thrown, unsent: false };
  const chain = chainOf(thrown);
  const has = (...codes: string[]) => chain.some((e) => e.code !== undefined && codes.includes(e.code));
  const base: RemoteErrorDetails = { status: null, errorCode: null, retryAfterMs: null, request };
  const cause = safeCause(chain);

  if (has('UND_ERR_CONNECT_TIMEOUT')) {
    return { error: timedOut(`No connection to ${host} came about in time.`, base, cause), unsent: true };
  }
  if (has('UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT')) {
    return { error: timedOut(`The org ${host} stopped answering ${request}.`, base, cause), unsent: false };
  }
  if (has('UND_ERR_HEADERS_OVERFLOW', 'HPE_HEADER_OVERFLOW')) {
    const message = `The org ${host} answered ${request} with more headers than Salesforce ever sends.`;
    return { error: remoteError('SALESFORCE_ERROR', message, base, { cause }), unsent: false };
  }
  if (has('UND_ERR_INVALID_ARG') && !isProxyRefusal(chain)) {
    const error = remoteError('SALESFORCE_ERROR', `${request} could not be put together.`, base, { cause });
    return { error, unsent: true };
  }
  const network = isProxyRefusal(chain) ? 'proxy' : kindOf(chain);
  const error = remoteError(
    'NETWORK_UNREACHABLE',
    messages[network](host),
    { ...base, network },
    { hint: networkHints[network], cause },
  );
  return { error, unsent: network !== 'cut' };
}

const messages = {
  unreachable: (host: string) => `No connection to ${host} could be made.`,
  cut: (host: string) => `The connection to ${host} was cut.`,
  tls: (host: string) => `The certificate of ${host} is not trusted.`,
  proxy: (host: string) => `The proxy did not let the connection to ${host} through.`,
};

const networkHints = {
  unreachable: 'Check the network, the host name and HTTPS_PROXY.',
  cut: 'Try again; if it keeps happening, look at the network or the proxy in between.',
  tls: 'Behind a proxy that opens TLS, name its certificate in NODE_EXTRA_CA_CERTS.',
  proxy: 'Check HTTPS_PROXY and the user name and password in it.',
};

interface ChainLink {
  name: string;
  message: string;
  code: string | undefined;
  syscall: string | undefined;
}

function chainOf(thrown: unknown): ChainLink[] {
  const links: ChainLink[] = [];
  for (let e = thrown; e instanceof Error && links.length < 8; ) {
    const { code, syscall } = e as NodeJS.ErrnoException;
    links.push({ name: e.name, message: e.message, code, syscall });
    e = e instanceof AggregateError ? e.errors[0] : e.cause;
  }
  return links.length > 0
    ? links
    : [{ name: 'Error', message: messageOf(thrown), code: undefined, syscall: undefined }];
}

function kindOf(chain: ChainLink[]): keyof typeof messages {
  const kind = kindOfLinks(chain);
  return kind === 'cut' && neverStood(chain) ? 'unreachable' : kind;
}

/** Behind a proxy Node gives a handshake that was cut no code of its own, only these words. */
function neverStood(chain: ChainLink[]): boolean {
  return chain.some(
    ({ name, message }) =>
      name === 'ConnectError' || /before secure TLS connection was established/.test(message),
  );
}

function kindOfLinks(chain: ChainLink[]): keyof typeof messages {
  for (const { code = '', syscall } of chain) {
    if (syscall === 'connect' || syscall === 'getaddrinfo') return 'unreachable';
    if (/^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT)/.test(code)) return 'tls';
    if (code.startsWith('UND_ERR_PRX')) return 'proxy';
  }
  return 'cut';
}

/** undici gives a proxy that does not open its tunnel no code of its own, only these words. */
function isProxyRefusal(chain: ChainLink[]): boolean {
  return chain.some(({ message }) =>
    /^Proxy (response \(\d+\) !== 200|Authentication Required)/.test(message),
  );
}

function timedOut(message: string, details: RemoteErrorDetails, cause: Error): AppError {
  return remoteError('TIMEOUT', message, details, { hint: 'Try again; nothing is lost.', cause });
}

/** A copy of names, codes and messages: the errors of HTTP libraries can carry whole requests along. */
function safeCause(chain: ChainLink[]): Error {
  return chain.reduceRight<Error | undefined>((cause, { name, message, code }) => {
    const copy = new Error(message, cause === undefined ? undefined : { cause });
    copy.name = name;
    return Object.assign(copy, code === undefined ? {} : { code });
  }, undefined) as Error;
}
