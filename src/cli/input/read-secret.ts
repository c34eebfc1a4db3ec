import { AppError } from '../../base/errors.ts';
import type { Invocation } from '../invocation.ts';

/** `what` on the first line of standard input; asked for without echo at a terminal. Throws `INVALID_INPUT`. */
export async function readSecret(call: Invocation, what: string): Promise<string> {
  const { stdin } = call.io;
  const secret = (stdin.isTTY ? await askWithoutEcho(call, what) : await firstLine(call)).trim();
  if (secret === '') {
    throw new AppError('INVALID_INPUT', `Standard input holds no ${what}.`, {
      hint: `Pipe the ${what} in; it is never taken as an argument, where every process could read it.`,
    });
  }
  call.hide(secret);
  return secret;
}

async function firstLine({ io, signal }: Invocation): Promise<string> {
  const { text } = await import('node:stream/consumers');
  const onAbort = () => io.stdin.destroy(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return (await text(io.stdin)).split(/\r?\n/, 1)[0] ?? '';
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Raw mode turns the terminal's echo off, and its Ctrl-C too: so that is read here. */
function askWithoutEcho({ io, messages, signal, interrupt }: Invocation, what: string): Promise<string> {
  const { stdin } = io;
  messages.fail([`Paste the ${what} and press Enter (it is not shown):`]);
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (act: () => void) => {
      stdin.off('data', onData);
      signal.removeEventListener('abort', onAbort);
      stdin.setRawMode(false);
      stdin.pause();
      act();
    };
    const onAbort = () => finish(() => reject(signal.reason));
    const onData = (chunk: Buffer | string) => {
      for (const char of String(chunk)) {
        if (char === '\u0003') return interrupt();
        if (char === '\r' || char === '\n' || char === '\u0004') return finish(() => resolve(typed));
        typed = char === '\u007f' ? typed.slice(0, -1) : typed + char;
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on('data', onData);
  });
}
