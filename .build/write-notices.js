import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes what the licenses of the packages in a bundle ask for: each package's name, version and license text.
 * `output`: what rolldown made. A package without a license file stops the build.
 */
export function writeNotices(output, file) {
  const folders = new Set(output.flatMap((chunk) => (chunk.moduleIds ?? []).map(packageFolder)));
  folders.delete(null);
  writeFileSync(
    file,
    [...folders]
      .toSorted()
      .map(noticeOf)
      .join(`\n${'-'.repeat(80)}\n\n`),
  );
}

/** The folder of the package that a module is of; null for one of ours. */
function packageFolder(id) {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? null;
}

function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const text = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (text === undefined) throw new Error(`${name} is bundled and has no license file in ${folder}`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, text), 'utf8').trim()}\n`;
}
