import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { CliIo } from '../../../src/cli/cli-io.ts';
import type { Config } from '../../../src/config/config.ts';
import type { App } from '../../../src/contract/app.ts';
import { main } from '../../../src/main.ts';
import { captureStream } from './captured-stream.ts';

export interface RunOptions {
  app?: App;
  env?: Record<string, string>;
  stdin?: string | Buffer;
  cwd?: string;
  terminal?: boolean;
  columns?: number;
  io?: Partial<CliIo>;
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** What the app was made with; null where it was never made. */
  config: Config | null;
}

export const now = Date.parse('2026-03-01T12:00:00.000Z');

/** main() over captured streams, a fixed clock and the given app. */
export async function runMain(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { columns = 100 } = options;
  const stdout = captureStream({ isTTY: options.terminal ?? false, columns });
  const stderr = captureStream({ isTTY: options.terminal ?? false, columns });
  let config: Config | null = null;
  const code = await main(argv, {
    stdin: Readable.from(
      options.stdin === undefined ? [] : [Buffer.from(options.stdin)],
    ) as unknown as CliIo['stdin'],
    stdout,
    stderr,
    env: { PARAHACK_SYNC_DATA_DIR: '/nowhere/parahack', ...options.env },
    cwd: options.cwd ?? '/nowhere',
    now: () => now,
    signals: new EventEmitter(),
    exit: (exitCode) => {
      throw new Error(`The process was ended with ${exitCode}.`);
    },
    loadApp: async () => async (made) => {
      config = made;
      if (!options.app) throw new Error('The command asked for an app.');
      return options.app;
    },
    ...options.io,
  });
  return { code, stdout: stdout.text, stderr: stderr.text, config };
}

export function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}
