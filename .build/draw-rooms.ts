#!/usr/bin/env node
/**
 * Draws the rooms of `src/` from the import checker's own report: `npm run rooms:draw` writes the picture into
 * docs/architecture.md, and a test holds it against the code. Needs the build, because only there type imports are
 * gone: an arrow of the sources that the build lacks carries types alone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const page = new URL('../docs/architecture.md', import.meta.url);
interface Module {
  source: string;
  dependencies: { resolved: string }[];
}

/** What a room imports, by room: with values, and types alone. */
interface Imports {
  values: Set<string>;
  types: Set<string>;
}

/** Nearly every room imports them; their arrows would hide the others. */
const ground = new Set(['base', 'org']);

/** The room of a file of `src/` or `dist/`; undefined for any other module. */
const roomOf = (path: string): string | undefined => /^(?:src|dist)\/([^/.]+)/.exec(path)?.[1];

function report(): Module[] {
  const checker = fileURLToPath(
    new URL('../node_modules/dependency-cruiser/bin/dependency-cruise.mjs', import.meta.url),
  );
  const args = [checker, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'dist'];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }))
    .modules;
}

function importsByRoom(modules: readonly Module[]): Map<string, Imports> {
  const named = { src: new Map<string, Set<string>>(), dist: new Map<string, Set<string>>() };
  for (const { source, dependencies } of modules) {
    const from = roomOf(source);
    if (from === undefined) continue;
    const rooms = source.startsWith('src/') ? named.src : named.dist;
    const imported = rooms.get(from) ?? new Set<string>();
    rooms.set(from, imported);
    for (const { resolved } of dependencies) {
      const to = roomOf(resolved);
      if (to !== undefined && to !== from) imported.add(to);
    }
  }
  return new Map(
    [...named.src].map(([room, all]) => {
      const values = named.dist.get(room) ?? new Set<string>();
      return [room, { values, types: new Set([...all].filter((other) => !values.has(other))) }];
    }),
  );
}

/** How many floors a room stands above the ground. A circle would have no end, so it throws. */
function floorOf(room: string, rooms: ReadonlyMap<string, Imports>, path: readonly string[] = []): number {
  if (path.includes(room)) throw new Error(`A circle of rooms: ${[...path, room].join(' → ')}`);
  const { values, types } = rooms.get(room) ?? none;
  const below = [...values, ...types].map((other) => floorOf(other, rooms, [...path, room]));
  return below.length === 0 ? 0 : 1 + Math.max(...below);
}

/** The picture as Mermaid's text, the highest floor first (https://mermaid.js.org/syntax/flowchart.html). */
export function drawRooms(modules: readonly Module[] = report()): string {
  const rooms = importsByRoom(modules);
  const shown = [...rooms.keys()]
    .filter((room) => !ground.has(room))
    .map((room) => ({ room, floor: floorOf(room, rooms) }))
    .sort((a, b) => b.floor - a.floor || a.room.localeCompare(b.room));
  const lines = shown.flatMap(({ room }) => {
    const { values, types } = rooms.get(room) ?? none;
    const to = (others: ReadonlySet<string>, arrow: string) =>
      [...others]
        .filter((other) => !ground.has(other))
        .sort()
        .map((other) => `  ${room} ${arrow} ${other}`);
    return [...to(values, '-->'), ...to(types, '-.->')];
  });
  return ['flowchart TD', ...shown.map(({ room }) => `  ${room}`), ...lines].join('\n');
}

const none: Imports = { values: new Set(), types: new Set() };

const block = /```mermaid\n[\s\S]*?```/;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(page, 'utf8');
  if (!block.test(text)) throw new Error('docs/architecture.md has no place for the picture.');
  writeFileSync(page, text.replace(block, `\`\`\`mermaid\n${drawRooms()}\n\`\`\``));
}
