import { AppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { Logger } from '../base/logger.ts';
import type { AppContacts } from '../contract/app.ts';
import type { ContactExportOptions, ContactPage } from '../contract/contacts.ts';
import type { ContactReader, ReaderListing } from '../sync/ports/contact-reader.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { oneOrg } from './chosen-orgs.ts';
import { inTurns } from './in-turns.ts';
import type { ContactReads } from './ports/contact-reads.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/** As many as a hint can hold. */
const namedAtMost = 10;

export interface ContactsParts extends OrgDirectory, ContactReads {
  readonly log: Logger;
  readonly mirrors: Pick<Mirrors, 'open'>;
  /** Calls `close` when the answered function is called, at the latest when the application ends. */
  closeLater(close: () => void | Promise<void>): () => Promise<void>;
}

/** Reads the mirror of one org; asks nobody. */
export function appContacts(parts: ContactsParts): AppContacts {
  const open = async (org: string | null) => {
    const { instanceUrl } = await oneOrg(parts, org);
    const reader = await parts.openReader(instanceUrl);
    try {
      if (reader.coveredUntil() === null) {
        parts.log.warn(
          `The first copy of ${instanceUrl} is not complete, so contacts are missing here: run \`parahack-sync backfill\`.`,
        );
      }
      return { instanceUrl, reader };
    } catch (error) {
      reader[Symbol.dispose]();
      throw error;
    }
  };
  const covered = (reader: ContactReader) => isoTime(reader.coveredUntil());
  /** Its rows are read later, from a reader that stays open until then. */
  const page = async (
    org: string | null,
    signal: AbortSignal,
    read: (reader: ContactReader) => ReaderListing,
  ): Promise<ContactPage> => {
    const { instanceUrl, reader } = await open(org);
    const close = parts.closeLater(() => reader[Symbol.dispose]());
    try {
      const { columns, total, batches } = read(reader);
      return {
        instanceUrl,
        columns,
        total,
        coveredUntil: covered(reader),
        batches: () => inTurns(batches(), signal),
        [Symbol.asyncDispose]: close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  };
  return {
    list: ({ org, ...asked }, { signal }) => page(org, signal, (reader) => reader.list(asked)),
    async search({ org, text, limit }, { signal }) {
      let wantsIndex = false;
      const found = await page(org, signal, (reader) => {
        const listing = reader.search(text, { limit });
        wantsIndex = reader.wantsSearchIndex && reader.coveredUntil() !== null;
        return listing;
      });
      if (wantsIndex) {
        const made = indexForSearches(parts, found.instanceUrl, signal);
        const closed = parts.closeLater(() => made);
        void made.then(closed);
      }
      return found;
    },
    async show({ org, id }) {
      const { instanceUrl, reader } = await open(org);
      using _reader = reader;
      const contact = reader.show(id.includes('@') ? idByEmail(reader, id) : id);
      if (contact !== null) {
        return { instanceUrl, ...contact, state: 'synced', error: null, coveredUntil: covered(reader) };
      }
      throw new AppError('UNKNOWN_CONTACT', `The mirror of ${instanceUrl} has no contact ${id}.`, {
        hint: '`parahack-sync contacts search TEXT` finds contacts by a part of their name, e-mail or phone.',
      });
    },
    async export({ org, where, fields }, { signal }) {
      const { instanceUrl, reader } = await open(org);
      const close = parts.closeLater(() => reader[Symbol.dispose]());
      try {
        const columns = reader.chosen({ where, fields });
        return { instanceUrl, columns, batches: readAll(reader, { where, fields }, { close, signal }) };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

/**
 * For the searches to come, while the result of this one is shown. Where it cannot be done, as on a full disk or in a
 * folder that cannot be written to, or where it is ended, they are as slow as this one was.
 */
async function indexForSearches(
  { mirrors, log }: Pick<ContactsParts, 'mirrors' | 'log'>,
  instanceUrl: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await using mirror = await mirrors.open(instanceUrl, { create: false, signal });
    while (!signal.aborted && (await mirror.extendSearchIndex()));
  } catch (error) {
    log.debug(`No index for searches in ${instanceUrl}.`, { error });
  }
}

/** The e-mail itself where nobody has it, so that it is what is not found. */
function idByEmail(reader: ContactReader, email: string): string {
  const ids = reader.idsByEmail(email);
  if (ids.length <= 1) return ids[0] ?? email;
  throw new AppError('INVALID_INPUT', `${ids.length} contacts have the e-mail ${email}.`, {
    hint: `Name one by its Id: ${ids.slice(0, namedAtMost).join(', ')}${ids.length > namedAtMost ? ' …' : ''}`,
    details: { email, ids },
  });
}

async function* readAll(
  reader: ContactReader,
  selection: Pick<ContactExportOptions, 'where' | 'fields'>,
  { close, signal }: { close: () => Promise<void>; signal: AbortSignal },
) {
  try {
    yield* inTurns(reader.batches(selection), signal);
  } finally {
    await close();
  }
}
