import { AppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { Logger } from '../base/logger.ts';
import type { AppContacts } from '../contract/app.ts';
import type { ContactPage } from '../contract/contacts.ts';
import type { ContactReader, ReaderListing, ReaderRow } from '../sync/ports/contact-reader.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { oneOrg } from './chosen-orgs.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

/** As many as a hint can hold. */
const namedAtMost = 10;

export interface ContactsParts extends OrgDirectory {
  readonly log: Logger;
  readonly mirrors: Pick<Mirrors, 'open' | 'read'>;
  /** Calls `close` when the answered function is called, at the latest when the application ends. */
  closeLater(close: () => void | Promise<void>): () => Promise<void>;
}

/** Reads the mirror of one org; asks nobody. */
export function appContacts(parts: ContactsParts): AppContacts {
  const open = async (org: string | null) => {
    const { instanceUrl } = await oneOrg(parts, org);
    const reader = await parts.mirrors.read(instanceUrl);
    try {
      if ((await reader.coveredUntil()) === null) {
        parts.log.warn(
          `The first copy of ${instanceUrl} is not complete, so contacts are missing here: run \`parahack-sync backfill\`.`,
        );
      }
      return { instanceUrl, reader };
    } catch (error) {
      await reader[Symbol.asyncDispose]();
      throw error;
    }
  };
  const covered = async (reader: ContactReader) => isoTime(await reader.coveredUntil());
  /** Its rows are read later, from a reader that stays open until then. */
  const page = async (
    org: string | null,
    signal: AbortSignal,
    read: (reader: ContactReader) => Promise<ReaderListing>,
  ): Promise<ContactPage> => {
    const { instanceUrl, reader } = await open(org);
    const close = parts.closeLater(async () => reader[Symbol.asyncDispose]());
    try {
      const { columns, total, batches } = await read(reader);
      return {
        instanceUrl,
        columns,
        total,
        coveredUntil: await covered(reader),
        batches: () => batches({ signal }),
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
      const found = await page(org, signal, async (reader) => {
        const listing = await reader.search(text, { limit });
        wantsIndex = (await reader.wantsSearchIndex()) && (await reader.coveredUntil()) !== null;
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
      await using _reader = reader;
      const contact = await reader.show(id.includes('@') ? await idByEmail(reader, id) : id);
      if (contact !== null) {
        const coveredUntil = await covered(reader);
        return { instanceUrl, ...contact, coveredUntil };
      }
      throw new AppError('UNKNOWN_CONTACT', `The mirror of ${instanceUrl} has no contact ${id}.`, {
        hint: '`parahack-sync contacts search TEXT` finds contacts by a part of their name, e-mail or phone.',
      });
    },
    async export({ org, where, fields }, { signal }) {
      const { instanceUrl, reader } = await open(org);
      const close = parts.closeLater(async () => reader[Symbol.asyncDispose]());
      try {
        const columns = await reader.chosen({ where, fields });
        return {
          instanceUrl,
          columns,
          batches: closing(reader.batches({ where, fields }, { signal }), close),
        };
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
async function idByEmail(reader: ContactReader, email: string): Promise<string> {
  const ids = await reader.idsByEmail(email);
  if (ids.length <= 1) return ids[0] ?? email;
  throw new AppError('INVALID_INPUT', `${ids.length} contacts have the e-mail ${email}.`, {
    hint: `Name one by its Id: ${ids.slice(0, namedAtMost).join(', ')}${ids.length > namedAtMost ? ' …' : ''}`,
    details: { email, ids },
  });
}

async function* closing(batches: AsyncIterable<readonly ReaderRow[]>, close: () => Promise<void>) {
  try {
    yield* batches;
  } finally {
    await close();
  }
}
