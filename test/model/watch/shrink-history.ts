/** What a history is made of, as JSON has it. */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Lists of which each history must keep one. */
const neverEmpty: ReadonlySet<string> = new Set(['picks', 'jobs', 'faults']);

/**
 * A history that goes wrong in the same way and of which nothing can be left out: steps, what happens meanwhile, what is
 * picked, and crashes are taken away, many at once and then one by one. `goesWrong` plays one.
 */
export async function shrinkHistory<H>(history: H, goesWrong: (shorter: H) => Promise<boolean>): Promise<H> {
  let shortest = structuredClone(history);
  for (let isShorter = true; isShorter; ) {
    isShorter = false;
    for (const shorter of shorterOnes(shortest as Json)) {
      if (!(await goesWrong(structuredClone(shorter) as H))) continue;
      shortest = shorter as H;
      isShorter = true;
      break;
    }
  }
  return shortest;
}

/** The boldest first. */
function* shorterOnes(history: Json): Generator<Json> {
  const lists = [...listsOf(history)].toSorted((one, other) => one.length - other.length);
  for (const path of lists) {
    const { length } = at(history, path) as Json[];
    const fewest = neverEmpty.has(String(path.at(-1))) ? 1 : 0;
    for (let size = Math.ceil(length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let end = length; end - size >= 0 && length - size >= fewest; end -= size)
        yield changed(history, path, (list) => (list as Json[]).toSpliced(end - size, size));
    }
  }
  for (const path of crashesOf(history)) yield changed(history, path, () => null);
}

type Path = readonly (string | number)[];

function* listsOf(value: Json, path: Path = []): Generator<Path> {
  if (Array.isArray(value) && value.length > 0) yield path;
  for (const [name, member] of membersOf(value)) yield* listsOf(member, [...path, name]);
}

function* crashesOf(value: Json, path: Path = []): Generator<Path> {
  for (const [name, member] of membersOf(value)) {
    if (name === 'crash' && member !== null) yield [...path, name];
    else yield* crashesOf(member, [...path, name]);
  }
}

function membersOf(value: Json): [name: string | number, member: Json][] {
  if (Array.isArray(value)) return value.map((member, i) => [i, member]);
  return value !== null && typeof value === 'object' ? Object.entries(value) : [];
}

function at(value: Json, path: Path): Json {
  return path.reduce<Json>((inner, name) => (inner as Record<string | number, Json>)[name] as Json, value);
}

function changed(value: Json, path: Path, change: (inner: Json) => Json): Json {
  const copy = structuredClone(value);
  const last = path.at(-1) as string | number;
  const holder = at(copy, path.slice(0, -1)) as Record<string | number, Json>;
  holder[last] = change(holder[last] as Json);
  return copy;
}
