/**
 * The end-to-end tests against the package as users install it, on the oldest Node.js that it says it runs on and on
 * the newest.
 *
 *   npm run test:packed                        both
 *   npm run test:packed -- --node 22.19.0      one of them, or any other
 *   npm run test:packed -- --quick             without those that go through the same commands many times
 *
 * The package is packed and installed into a temporary folder; the tests themselves stay on this tree's Node.js.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** `engines` in package.json begins with the first. */
const versions = ['22.19.0', '26.10.0'];

const root = new URL('../..', import.meta.url).pathname;
/** Their many faults and files are the same on any Node.js. */
const long = ['ci-scripts', 'mirror-histories', 'outbox-trouble', 'push-again', 'push-files', 'push-numbers'];
const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: versions },
    quick: { type: 'boolean', default: false },
  },
});
const excluded = values.quick ? long.flatMap((name) => ['--exclude', `test/e2e/${name}.test.ts`]) : [];
const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-packed-'));
// Some tests run the program as another user, who must be able to read it.
chmodSync(folder, 0o755);
const failed: string[] = [];
try {
  const bin = installPackage();
  for (const version of values.node) {
    const node = installNode(version);
    const found = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    if (found !== `v${version}`)
      throw new Error(`Node.js ${version} is asked for, and ${found} was installed.`);
    process.stdout.write(`\nThe package on Node.js ${version}\n`);
    const { status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/e2e', ...excluded],
      {
        cwd: root,
        stdio: 'inherit',
        env: { ...process.env, PARAHACK_TEST_BIN: bin, PARAHACK_TEST_NODE: node },
      },
    );
    if (status !== 0) failed.push(version);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (failed.length > 0) process.stdout.write(`\nRed on Node.js ${failed.join(' and ')}.\n`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Packs this tree, which builds it, and installs it with what it depends on; returns the path of its program. */
function installPackage(): string {
  npm(root, 'pack', '--pack-destination', folder);
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  install('package', { 'parahack-sync': `file:${join(folder, tarball)}` }, allowScripts);
  return join(folder, 'package/node_modules/parahack-sync/bin/parahack-sync.js');
}

function installNode(version: string): string {
  install(`node-${version}`, { node: version }, { node: true });
  return join(folder, `node-${version}`, 'node_modules/node/bin/node');
}

function install(name: string, dependencies: Record<string, string>, allowScripts: Record<string, boolean>) {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true, dependencies, allowScripts }));
  npm(path, 'install', '--no-audit', '--no-fund', '--no-package-lock');
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
