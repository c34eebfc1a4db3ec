import { AppError } from '../../base/errors.ts';
import type { Environment } from '../../config/environment.ts';
import type { ReadRedirect } from '../../contract/login.ts';
import type { Invocation } from '../invocation.ts';

/**
 * How the address that the browser ended at comes in by hand: line by line on standard input with
 * `--redirect-stdin`, else pasted at a terminal where no browser is opened.
 */
export function readRedirectOf(
  call: Invocation,
  { browser, redirectStdin = false }: { browser: boolean; redirectStdin?: boolean },
): ReadRedirect | undefined {
  const isAsked = browser === false && call.io.stdin.isTTY;
  if (!redirectStdin && !isAsked) return undefined;
  return async ({ redirectUri, take, signal }) => {
    if (call.io.stdin.isTTY) {
      call.messages.fail([
        `If the browser ends at a page that it cannot open, paste that page's address (${redirectUri}?…) here:`,
      ]);
    }
    const why = await readLines(call, take, signal);
    if (why === null || !redirectStdin) return;
    throw new AppError('INVALID_INPUT', why, {
      hint: `Give the whole address that the browser ends at after this very login: ${redirectUri} with all that stands behind it.`,
    });
  };
}

/** Null once a line counts or the login has ended otherwise, else why none did. */
async function readLines(
  { io, messages, hide }: Invocation,
  take: (text: string) => string | null,
  signal: AbortSignal,
): Promise<string | null> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: io.stdin, terminal: false, signal });
  let why: string | null = 'Standard input ended without the address that the browser ended at.';
  try {
    for await (const line of lines) {
      if (line.trim() === '') continue;
      const code = URL.parse(line.trim())?.searchParams.get('code');
      if (code) hide(code);
      why = take(line);
      if (why === null) return null;
      messages.warn(`${why} Still waiting for the login.`);
    }
    return signal.aborted ? null : why;
  } finally {
    lines.close();
    io.stdin.pause();
  }
}

/** What to type on the machine with the browser, where this one was reached by SSH; null where that helps nobody. */
export function portForwardOf(env: Environment, redirectUri: string): string | null {
  const host = env.SSH_CONNECTION?.split(' ')[2];
  if (host === undefined || host === '') return null;
  const { port } = new URL(redirectUri);
  const user = env.USER ?? env.LOGNAME;
  return `ssh -L ${port}:localhost:${port} ${user ? `${user}@` : ''}${host}`;
}
