import { Commits } from '../engine/commits.ts';
import { createOrgClock } from '../engine/org-clock.ts';
import { type OrgState, saveDocuments } from '../engine/org-state.ts';
import { Storage } from '../engine/storage.ts';
import { Visibility } from '../engine/visibility.ts';
import { builtInObjects } from '../objects/built-in-objects.ts';
import { objectFromDocument } from '../objects/object-document.ts';
import type { DescribeDocument } from '../schema/describe-document.ts';
import { OrgFault } from '../schema/fault.ts';
import { RecordIds } from '../schema/record-id.ts';
import { Schema } from '../schema/schema.ts';
import { createOrg } from './emulated-org.ts';
import { seedOrg } from './generate/seed-org.ts';
import { seedUsers } from './generate/seed-users.ts';
import type { OpenOrgOptions, Org } from './org.ts';
import { defaultSettings } from './settings.ts';

const ORG_NAME = 'ParaHack Emulated Org';
const CLOCK_KEY = 'clock_offset_ms';
/** Of the state file's layout: a file with another number is refused, not guessed at. */
const LAYOUT = '1';

/** What an org was made from; kept in the state file, so that a reset makes it again. */
interface Recipe {
  readonly contacts: number;
  readonly seed: number;
  /** Missing in files of former versions: then it follows from the seed. */
  readonly orgId?: string;
  readonly customFields: number;
  readonly documents: readonly DescribeDocument[];
}

/**
 * Opens an org: a new one in a temporary file, or that of a state file, which is made if it is not there. A state
 * file keeps what was in the org when it was closed; a million contacts load at once.
 */
export async function openOrg(options: OpenOrgOptions = {}): Promise<Org> {
  const storage = new Storage(options.stateFile, options.tempFolder);
  try {
    const isWhole = hasLayout(storage);
    const known = storedRecipe(storage);
    const recipe = known ?? newRecipe(options);
    const ids = new RecordIds(recipe.seed, recipe.orgId);
    const clock = createOrgClock({
      wallClock: options.wallClock ?? Date.now,
      // Rows were stamped by this clock: an org that is opened again must not have changes of the future.
      offsetMs: Number(storage.meta(CLOCK_KEY) ?? 0),
      onMoved: (offsetMs) => storage.setMeta(CLOCK_KEY, String(offsetMs)),
    });
    const visibility = new Visibility(storage);
    const identity = { id: ids.make('00D', 1), name: ORG_NAME, seed: recipe.seed };
    const state: OrgState = {
      storage,
      schema: new Schema(isWhole ? storedDocuments(storage, recipe) : structuredClone([...recipe.documents])),
      ids,
      clock,
      users: seedUsers(ids),
      visibility,
      commits: new Commits(storage, visibility),
      settings: defaultSettings(),
      describedMs: Math.floor(clock.now() / 1000) * 1000,
    };
    if (isWhole) addMissingObjects(state, options);
    else await fill(state, recipe, identity, options.signal);
    const reset = async () => {
      emptyForReset(state, recipe, () => clock.reset());
      await fill(state, recipe, identity, undefined);
    };
    return createOrg(state, identity, reset);
  } catch (error) {
    storage.close();
    throw error;
  }
}

function newRecipe(options: OpenOrgOptions): Recipe {
  const { contacts = 1000, seed = 1, customFields = 3, orgId } = options;
  const documents = builtInObjects(customFields);
  for (const document of (options.objects ?? []).map(objectFromDocument)) {
    const same = documents.findIndex((other) => other.name.toLowerCase() === document.name.toLowerCase());
    if (same < 0) documents.push(document);
    else documents[same] = document;
  }
  return { contacts, seed, customFields, documents, ...(orgId === undefined ? {} : { orgId }) };
}

/** Whether the file holds an org that was made to its end. */
function hasLayout(storage: Storage): boolean {
  const layout = storage.meta('layout');
  if (layout !== undefined && layout !== LAYOUT) {
    throw new OrgFault(
      'STATE_FILE_UNKNOWN',
      'The state file was written by another version of the emulator.',
    );
  }
  return layout !== undefined;
}

/** The recipe of the file's org, even while it is set back; none where its first making was interrupted. */
function storedRecipe(storage: Storage): Recipe | undefined {
  const stored = storage.meta('recipe');
  return stored === undefined ? undefined : (JSON.parse(stored) as Recipe);
}

/** The schema as it was left. */
function storedDocuments(storage: Storage, recipe: Recipe): DescribeDocument[] {
  const stored = storage.meta('documents');
  return stored === undefined
    ? structuredClone([...recipe.documents])
    : (JSON.parse(stored) as DescribeDocument[]);
}

function addMissingObjects(state: OrgState, options: OpenOrgOptions): void {
  const documents = (options.objects ?? [])
    .map(objectFromDocument)
    .filter((document) => !state.schema.find(document.name));
  if (documents.length === 0) return;
  state.schema = new Schema([...state.schema.objects.map((object) => object.document), ...documents]);
  state.storage.transaction(() => {
    for (const document of documents) {
      const object = state.schema.require(document.name);
      state.storage.createTable(object);
      state.storage.createIndices(object);
    }
    saveDocuments(state);
  });
}

async function fill(
  state: OrgState,
  recipe: Recipe,
  identity: { id: string; name: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  // A file whose making was interrupted has tables, but no layout yet: it is made again.
  emptied(state.storage, storedRecipe(state.storage));
  for (const object of state.schema.objects) state.storage.createTable(object);
  const { seed, contacts } = recipe;
  const work = { seed, contacts, orgId: identity.id, orgName: identity.name, users: state.users };
  await seedOrg(state.storage, state.schema, state.ids, work, signal ? { signal } : {});
  state.storage.transaction(() => {
    state.storage.setMeta('recipe', JSON.stringify(recipe));
    state.storage.setMeta('layout', LAYOUT);
  });
  state.storage.bumpVersion();
}

/** Empties the file but for what its org is made from: a process that is killed now goes on with that. */
function emptied(storage: Storage, recipe: Recipe | undefined): void {
  storage.transaction(() => {
    storage.clear();
    if (recipe) storage.setMeta('recipe', JSON.stringify(recipe));
  });
}

function emptyForReset(state: OrgState, recipe: Recipe, resetClock: () => void): void {
  state.commits.clear();
  state.commits.lagMs = 0;
  state.storage.transaction(() => {
    emptied(state.storage, recipe);
    resetClock();
  });
  state.settings = defaultSettings();
  state.schema = new Schema(structuredClone([...recipe.documents]));
  state.describedMs = Math.floor(state.clock.now() / 1000) * 1000;
  state.visibility.reload();
}
