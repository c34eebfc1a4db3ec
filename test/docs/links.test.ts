import { existsSync, globSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, readPage, root } from './pages.ts';

/** Folders and files of the tree as pages name them; what begins otherwise is a path of somebody's machine. */
const inTree =
  /^(?:src|test|docs|bin|\.build|\.ci)\/|^(?:package(?:-lock)?\.json|\.dependency-cruiser\.cjs)$/;
const prose = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '');

/** What a heading is called in a link. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

function anchorsOf(path: string): string[] {
  return [...prose(readPage(path)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** `src/{a,b}/*.ts` and `src/a/…` are there where at least one file fits each of their forms. */
function isThere(named: string): boolean {
  const path = named.replace(/\/…$|\/$/, '').replace(/:\d+$/, '');
  const forms = [...path.matchAll(/\{([^}]+)\}/g)].reduce(
    (open, [group, list = '']) =>
      open.flatMap((form) => list.split(',').map((part) => form.replace(group, part))),
    [path],
  );
  return forms.every((form) =>
    form.includes('*') ? globSync(form, { cwd: root }).length > 0 : existsSync(join(root, form)),
  );
}

const names = pages().flatMap((page) =>
  [...prose(readPage(page)).matchAll(/`([^`\s]+)`/g)]
    .map(([, name = '']) => name)
    .filter((name) => inTree.test(name) && !name.includes('NAME'))
    .map((name) => ({ page, name })),
);

describe('every path that a page names', () => {
  it('is in the tree', () => {
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter(({ name }) => !isThere(name))).toEqual([]);
  });
});

describe.each(pages())('every link of %s', (page) => {
  it('leads to a page that is there, and to a heading of it', () => {
    const broken = [...prose(readPage(page)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const path = file === '' ? page : normalize(join(dirname(page), file));
        if (!existsSync(join(root, path))) return true;
        return anchor !== undefined && !anchorsOf(path).includes(anchor);
      });
    expect(broken).toEqual([]);
  });
});

it('README is short: what is longer stands in docs/', () => {
  expect(readPage('README.md').split('\n').length - 1).toBeLessThanOrEqual(150);
});
