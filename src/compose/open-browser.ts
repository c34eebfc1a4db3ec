import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { childEnvironment } from '../base/child-environment.ts';

/** `open` takes no environment for what it starts, so that a process between us and it has the cleaned one. */
const script = 'const [module, url] = process.argv.slice(1); await (await import(module)).default(url);';

/** Opens `url` in the user's browser. Rejects with what went wrong, in the system's words. */
export async function openInBrowser(
  url: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<void> {
  const open = pathToFileURL(createRequire(import.meta.url).resolve('open')).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, open, url], {
    env: childEnvironment(env),
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  // A command that ends does not wait for a browser that takes its time.
  child.unref();
  const said = text(child.stderr);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === 0) return;
  const reason = (await said).match(/^\w*Error: (.*)$/m)?.[1];
  throw new Error(reason ?? 'the program that opens browsers failed');
}
