import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { AppError, messageOf, systemCodeOf } from '../base/errors.ts';
import { assertNodeVersion } from '../base/node-version.ts';
import { controlAnswer, controlPath } from './control/control.ts';
import type { ControlHost } from './control/control-host.ts';
import type { Emulation } from './control/emulation.ts';
import { createEmulation, resetEmulation } from './create-emulation.ts';
import type { Emulator, EmulatorInProcess } from './emulator.ts';
import { stateFileInUse } from './engine/state-file.ts';
import type { Answer } from './http/answer.ts';
import { emptyAnswer, htmlAnswer } from './http/answer.ts';
import { notFound } from './http/api-error.ts';
import { maxBodyBytes } from './http/body-limits.ts';
import type { Answers } from './http/exchange.ts';
import { exchange } from './http/exchange.ts';
import type { Listener } from './http/listener.ts';
import { listenOnLoopback } from './http/listener.ts';
import { prettyAnswer } from './http/pretty-json.ts';
import type { ApiRequest } from './http/request.ts';
import { createJwtKey } from './jwt-key.ts';
import type { LoginFile } from './oauth/login-file.ts';
import { openLoginFile } from './oauth/login-file.ts';
import { oauthAnswer, openIdConfiguration } from './oauth/oauth-routes.ts';
import type { DirectoryUser } from './oauth/org-directory.ts';
import type { Session } from './oauth/sessions.ts';
import { soapAnswer } from './oauth/soap-login.ts';
import { objectFromDocument } from './objects/object-document.ts';
import type { EmulatorOptions } from './options.ts';
import { openOrg } from './org/open-org.ts';
import type { Org } from './org/org.ts';
import { orgIdOf } from './org-id.ts';
import { userPassword } from './org-users.ts';
import { homePage } from './page/home-page.ts';
import { apiAnswer } from './rest/api.ts';
import { errorToAnswer } from './rest/error-answer.ts';
import { OrgFault } from './schema/fault.ts';
import { normalizeId } from './schema/record-id.ts';

/**
 * Starts a local Salesforce org on loopback. Rejects with AppError `PORT_IN_USE` where the port is taken, with
 * `INVALID_INPUT` where an object file or the state file cannot be used. See docs/emulator.md.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  let current: Started | undefined;
  const answer: RequestListener = (message, response) => {
    // Before the emulation stands the client sees a cut connection.
    if (current === undefined) message.socket.destroy();
    else answerBy(current)(message, response);
  };
  // Listening comes first: the org's id follows the port.
  current = await start(options, () => listen(options.port ?? 0, answer));
  return current.emulator;
}

/** What a url needs where nobody listens. */
const unusedPort = 65_535;

/**
 * The same org without a listening port: whoever has it hands each request to `answer`. Many in one process cost no
 * sockets. `port` is that of its url alone. Rejects as `startEmulator` does.
 */
export async function startEmulatorInProcess(options: EmulatorOptions = {}): Promise<EmulatorInProcess> {
  const port = options.port ?? unusedPort;
  const started = await start(options, async () => ({ port, close: async () => {} }));
  return Object.assign(started.emulator, { answer: answerBy(started) });
}

/** Where an exchange fails unforeseen, the client sees a cut connection. */
function answerBy({ emulation, answers }: Started): RequestListener {
  return (message, response) => {
    exchange(message, response, emulation, answers).catch(() => message.socket.destroy());
  };
}

async function start(options: EmulatorOptions, open: () => Promise<Listener>): Promise<Started> {
  assertNodeVersion();
  const orgId = readOrgId(options.orgId);
  const objects = await Promise.all((options.objectFiles ?? []).map(readObjectFile));
  const listener = await open();
  try {
    const org = await openGiven({ ...options, orgId }, objects, listener.port);
    return serve(org, listener, options);
  } catch (error) {
    await listener.close();
    throw error;
  }
}

interface Started {
  emulation: Emulation;
  answers: Answers;
  emulator: Emulator;
}

/** Closes the org where it cannot be served. */
function serve(org: Org, listener: Listener, options: EmulatorOptions): Started {
  try {
    const emulation = createEmulation(org, listener.port, options);
    const logins = loginFileOf(emulation, options);
    const { user, session } = openFirstSession(emulation);
    const jwtPrivateKey = createJwtKey(emulation.oauth.app);
    const host: ControlHost = {
      emulation,
      jwtPrivateKey,
      reset: () => resetEmulation(emulation, options, session),
    };
    const answers = answersOf(emulation, host, logins);
    saveFirst(logins, options);
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= (async () => {
        emulation.agenda.clear();
        emulation.waits.end();
        await listener.close();
        emulation.jobs.clear();
        try {
          // The use of a session prolonged it.
          logins?.save();
        } finally {
          org.close();
        }
      })();
      return closing;
    };
    const { clientId, clientSecret } = emulation.oauth.app;
    const emulator = {
      url: emulation.oauth.instanceUrl,
      port: listener.port,
      orgId: org.id,
      clientId,
      clientSecret,
      username: user.username,
      userId: user.id,
      accessToken: session.token,
      password: userPassword,
      jwtPrivateKey,
      close,
      [Symbol.asyncDispose]: close,
    };
    return { emulation, answers, emulator };
  } catch (error) {
    org.close();
    throw error;
  }
}

function readOrgId(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const id = normalizeId(given);
  if (id?.startsWith('00D')) return id;
  throw new AppError('INVALID_INPUT', `"${given}" is no org id.`, {
    hint: 'An org id begins with 00D and has 15 or 18 letters and digits.',
  });
}

async function readObjectFile(path: string): Promise<unknown> {
  try {
    const document: unknown = JSON.parse(await readFile(path, 'utf8'));
    // Checked here, where the file's name is known.
    objectFromDocument(document);
    return document;
  } catch (cause) {
    throw new AppError('INVALID_INPUT', `The object file ${path} cannot be used: ${messageOf(cause)}`, {
      hint: 'It must hold a describe document in the JSON of /sobjects/NAME/describe.',
      cause,
    });
  }
}

async function openGiven(options: EmulatorOptions, objects: unknown[], port: number): Promise<Org> {
  const { contacts, seed = 1, customFields, stateFile, wallClock, signal } = options;
  // SQLite would take it for a file that is thrown away.
  if (stateFile === '')
    throw new AppError('INVALID_INPUT', 'The state file has no name.', { hint: 'Name a file.' });
  let org: Org;
  try {
    org = await openOrg({
      seed,
      orgId: options.orgId ?? orgIdOf(seed, port),
      ...(contacts === undefined ? {} : { contacts }),
      ...(customFields === undefined ? {} : { customFields }),
      ...(stateFile === undefined ? {} : { stateFile }),
      ...(wallClock === undefined ? {} : { wallClock }),
      ...(signal === undefined ? {} : { signal }),
      objects,
    });
  } catch (cause) {
    if (stateFile === undefined || signal?.aborted) throw cause;
    const inUse = cause instanceof OrgFault && cause.errorCode === stateFileInUse;
    throw new AppError('INVALID_INPUT', `The state file ${stateFile} cannot be used: ${messageOf(cause)}`, {
      hint: inUse
        ? 'Stop that emulator, or name another file.'
        : 'Name a file that the emulator has made, or a new one in a folder that exists.',
      cause,
    });
  }
  if (options.orgId === undefined || options.orgId === org.id) return org;
  org.close();
  throw new AppError('INVALID_INPUT', `The state file ${stateFile} keeps the org ${org.id}.`, {
    hint: 'Leave the org id out, or name another file.',
  });
}

async function listen(port: number, onRequest: RequestListener): Promise<Listener> {
  try {
    return await listenOnLoopback(port, onRequest);
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw cause;
    const why = code === 'EADDRINUSE' ? 'is in use' : 'may not be used by this user';
    throw new AppError('PORT_IN_USE', `Port ${port} on this machine ${why}.`, {
      hint: 'Choose another port, or 0 for a free one.',
      cause,
    });
  }
}

/**
 * The ready session has no timeout, so that scripts may move the clock; `sessions {expire}` ends it. A state file's
 * is taken again, since its token is in somebody's script.
 */
function openFirstSession({ oauth }: Emulation): { user: DirectoryUser; session: Session } {
  const user = oauth.directory.users()[0];
  if (!user) throw new Error('The org has no user.');
  const { clientId, scopes } = oauth.app;
  const session =
    oauth.sessions.lasting(user.id, clientId) ??
    oauth.sessions.open({ userId: user.id, clientId, scopes, timeoutMs: Number.POSITIVE_INFINITY });
  return { user, session };
}

/** Logins are kept where the org is. */
function loginFileOf({ oauth, org }: Emulation, { stateFile }: EmulatorOptions): LoginFile | undefined {
  return stateFile === undefined ? undefined : openLoginFile(`${stateFile}.logins`, org.id, oauth);
}

/** Before anybody is told of the org: logins that cannot be kept are better known now than after a restart. */
function saveFirst(logins: LoginFile | undefined, { stateFile }: EmulatorOptions): void {
  try {
    logins?.save();
  } catch (cause) {
    throw new AppError('INVALID_INPUT', `${stateFile}.logins cannot be written: ${messageOf(cause)}`, {
      hint: 'The logins of a state file are kept beside it: make room for them, or name a file elsewhere.',
      cause,
    });
  }
}

function answersOf(emulation: Emulation, host: ControlHost, logins: LoginFile | undefined): Answers {
  return {
    isOwn: (path) => path === '/' || path === '/favicon.ico' || isControl(path),
    isControl,
    maxBodyBytes: ({ path }) => maxBodyBytes(path),
    async own(request) {
      if (isControl(request.path)) {
        const answer = await controlAnswer(request, host);
        if (request.method === 'POST') logins?.save();
        return answer;
      }
      if (request.path === '/') return htmlAnswer(200, homePage(emulation));
      return emptyAnswer(204);
    },
    api(request) {
      const answer = salesforceAnswer(request, emulation);
      if (/^\/services\/(oauth2|Soap)\//.test(request.path)) logins?.save();
      return prettyAnswer(request, answer);
    },
    enter: (request) => emulation.oauth.refreshes.enter(request),
    failed: (error, request) =>
      prettyAnswer(request, errorToAnswer(error, request, emulation.settings.duplicateResultKey)),
  };
}

function isControl(path: string): boolean {
  return path === controlPath || path.startsWith(`${controlPath}/`);
}

function salesforceAnswer(request: ApiRequest, emulation: Emulation): Answer {
  const { path } = request;
  if (path === '/services/data' || path.startsWith('/services/data/')) return apiAnswer(request, emulation);
  const { instanceUrl } = emulation.oauth;
  if (path === '/.well-known/openid-configuration') return openIdConfiguration(instanceUrl);
  const oauth = oauthAnswer(request, emulation.oauth);
  if (oauth) return oauth;
  const soap = soapAnswer(request, emulation.oauth);
  if (soap) return soap;
  throw notFound();
}
