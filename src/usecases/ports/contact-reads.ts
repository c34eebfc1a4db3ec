import type { ContactReader } from '../../sync/ports/contact-reader.ts';

/** Reading of mirrors beside whoever writes them. */
export interface ContactReads {
  /** Throws AppError `NO_MIRROR`, `MIRROR_CORRUPT` or `MIRROR_NEWER_THAN_TOOL`. */
  openReader(instanceUrl: string): Promise<ContactReader>;
}
