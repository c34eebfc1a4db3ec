import { AppError } from '../base/errors.ts';
import { isoTime } from '../base/iso-time.ts';
import type { MirrorReader } from '../store/sqlite/reader.ts';
import type { AppContacts } from './app.ts';
import { oneOrg } from './chosen-orgs.ts';
import type { Services } from './services.ts';

/** Reads the mirror of one org; asks nobody. */
export function appContacts(services: Services): AppContacts {
  const open = async (org: string | null) => {
    const { instanceUrl } = oneOrg(services, org);
    const { MirrorReader } = await import('../store/sqlite/reader.ts');
    return { instanceUrl, reader: new MirrorReader(services.mirrors.pathOf(instanceUrl)) };
  };
  const covered = (reader: MirrorReader) => isoTime(reader.coveredUntil());
  return {
    async list({ org, limit, deleted }) {
      const { instanceUrl, reader } = await open(org);
      using _reader = reader;
      return { instanceUrl, ...reader.list({ limit, deleted }), coveredUntil: covered(reader) };
    },
    async search({ org, text, limit }) {
      const { instanceUrl, reader } = await open(org);
      using _reader = reader;
      return { instanceUrl, ...reader.search(text, { limit }), coveredUntil: covered(reader) };
    },
    async show({ org, id }) {
      const { instanceUrl, reader } = await open(org);
      using _reader = reader;
      const contact = reader.show(id);
      if (contact !== null) return { instanceUrl, ...contact, coveredUntil: covered(reader) };
      throw new AppError('UNKNOWN_CONTACT', `The mirror of ${instanceUrl} has no contact ${id}.`, {
        hint: '`parahack-sync contacts search TEXT` finds contacts by name, e-mail or phone.',
      });
    },
    async export({ org }) {
      const { instanceUrl, reader } = await open(org);
      return { instanceUrl, columns: reader.columns, batches: readAll(reader) };
    },
  };
}

async function* readAll(reader: MirrorReader) {
  using _reader = reader;
  yield* reader.batches();
}
