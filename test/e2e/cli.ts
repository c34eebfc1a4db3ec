import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealCheaply } from '../support/cheap-seal.ts';
import { bin, node } from './program.ts';

const compiled = new URL('../../node_modules/.cache/compiled', import.meta.url).pathname;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The built command line as a user's shell runs it, in a data folder of its own. */
export class Cli implements Disposable {
  readonly folder: string;
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #running = new Set<ChildProcess>();

  constructor(env: NodeJS.ProcessEnv = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'parahack-sync-e2e-'));
    this.dataDir = join(this.folder, 'data');
    this.env = {
      PATH: process.env.PATH,
      HOME: this.folder,
      // Compiled code is the same in every home.
      NODE_COMPILE_CACHE: compiled,
      PARAHACK_SYNC_DATA_DIR: this.dataDir,
      PARAHACK_SYNC_CREDENTIAL_STORE: 'file',
      PARAHACK_SYNC_CREDENTIAL_KEY: 'a passphrase for tests',
      ...env,
    };
  }

  /** `stdout`: a file descriptor in place of a pipe, ours to close no more. `program`: in place of the built command line. */
  start(
    args: readonly string[],
    { env = {}, stdout, program = bin }: { env?: NodeJS.ProcessEnv; stdout?: number; program?: string } = {},
  ): ChildProcess {
    const child = spawn(node, [program, ...args], {
      env: { ...this.env, ...env },
      cwd: this.folder,
      stdio: ['pipe', stdout ?? 'pipe', 'pipe'],
    });
    if (stdout !== undefined) closeSync(stdout);
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  async run(
    args: readonly string[],
    { input, env }: { input?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Ended> {
    const child = this.start(args, { env });
    child.stdin?.end(input ?? '');
    return ended(child);
  }

  /** Runs with `--json`, expects exit code 0, and parses the one document. */
  async json<T = Record<string, unknown>>(args: readonly string[], input?: string): Promise<T> {
    const result = await this.run([...args, '--json'], { input });
    if (result.code !== 0)
      throw new Error(`${args.join(' ')} ended with ${result.code}: ${result.stdout}${result.stderr}`);
    return JSON.parse(result.stdout);
  }

  /** Lets no command spend its time on stretching the passphrase; before the first login. */
  sealCheaply(): void {
    const { PARAHACK_SYNC_CREDENTIAL_STORE: store, PARAHACK_SYNC_CREDENTIAL_KEY: key } = this.env;
    const folder = this.env.PARAHACK_SYNC_CREDENTIAL_DIR ?? join(this.dataDir, 'credentials');
    if (store === 'file' && key !== undefined) sealCheaply(folder, key);
  }

  /** Connects an org by an access token, the shortest way. */
  async loginByToken(org: { url: string; accessToken: string }, ...more: string[]): Promise<void> {
    this.sealCheaply();
    await this.json(
      ['login', '--access-token-stdin', '--instance-url', org.url, ...more],
      `${org.accessToken}\n`,
    );
  }

  databaseOf(url: string): string {
    return join(this.dataDir, 'orgs', `${new URL(url).host.replace(':', '_')}.db`);
  }

  [Symbol.dispose](): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Collects what a child writes until it ends. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}
