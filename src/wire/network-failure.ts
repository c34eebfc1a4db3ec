import type { CallDetails } from '../base/error-details.ts';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { AnswerTimeout } from './answer-timeout.ts';

/** How far the connection came. */
type NetworkKind = NonNullable<CallDetails['network']>;

/** Why a call got no answer, for the room that made it to turn into an error of its own. */
export interface NetworkFailure {
  code: 'NETWORK_UNREACHABLE' | 'TIMEOUT' | 'SALESFORCE_ERROR';
  message: string;
  hint?: string;
  /** Of NETWORK_UNREACHABLE, and of a TIMEOUT before a connection stood. */
  network?: NetworkKind;
  /** Node's or undici's code of what went wrong beneath. */
  systemCode: string | null;
  /** Holds neither headers nor requests. */
  cause: Error;
  /** Whether the request surely never reached the host. */
  unsent: boolean;
}

/** What undici, Node's sockets and zlib throw, told apart. `request`: method and path, for people. */
export function networkFailure(thrown: unknown, request: string, host: string): NetworkFailure {
  const chain = chainOf(thrown);
  const has = (...codes: string[]) => chain.some((e) => e.code !== undefined && codes.includes(e.code));
  const base = { cause: safeCause(chain), systemCode: systemCodeOf(thrown) ?? null, unsent: false };
  const late = { ...base, code: 'TIMEOUT', hint: 'Try again; nothing is lost.' } as const;

  if (thrown instanceof AnswerTimeout) {
    const seconds = Math.round(thrown.answerMs / 1_000);
    return { ...late, message: `${host} did not answer ${request} within ${seconds} seconds.` };
  }
  if (has('UND_ERR_CONNECT_TIMEOUT')) {
    return {
      ...late,
      message: `No connection to ${host} came about in time.`,
      network: 'unreachable',
      unsent: true,
    };
  }
  if (has('UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT')) {
    return { ...late, message: `${host} stopped answering ${request}.` };
  }
  if (has('UND_ERR_HEADERS_OVERFLOW', 'HPE_HEADER_OVERFLOW')) {
    const message = `${host} answered ${request} with more headers than Salesforce ever sends.`;
    return { ...base, code: 'SALESFORCE_ERROR', message };
  }
  if (has('UND_ERR_INVALID_ARG') && !isProxyRefusal(chain)) {
    return {
      ...base,
      code: 'SALESFORCE_ERROR',
      message: `${request} could not be put together.`,
      unsent: true,
    };
  }
  const network = isProxyRefusal(chain) ? 'proxy' : kindOf(chain);
  return {
    ...base,
    code: 'NETWORK_UNREACHABLE',
    message: messages[network](host, base.systemCode),
    hint: networkHints[network],
    network,
    unsent: network !== 'cut',
  };
}

const messages = {
  unreachable: (host: string, code: string | null) =>
    `No connection to ${host} could be made${code === null ? '' : ` (${code})`}.`,
  cut: (host: string) => `The connection to ${host} was cut.`,
  tls: (host: string) => `The certificate of ${host} is not trusted.`,
  proxy: (host: string) => `The proxy did not let the connection to ${host} through.`,
};

const networkHints = {
  unreachable: 'Check the network, the host name and the proxy (HTTPS_PROXY, NO_PROXY).',
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

function kindOf(chain: ChainLink[]): NetworkKind {
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

function kindOfLinks(chain: ChainLink[]): NetworkKind {
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

/** A copy of names, codes and messages: the errors of HTTP libraries can carry whole requests along. */
function safeCause(chain: ChainLink[]): Error {
  return chain.reduceRight<Error | undefined>((cause, { name, message, code }) => {
    const copy = new Error(message, cause === undefined ? undefined : { cause });
    copy.name = name;
    return Object.assign(copy, code === undefined ? {} : { code });
  }, undefined) as Error;
}
