/**
 * How the creates of a history are sent: a few with keys by the UI API, a few by collections to an org that takes no
 * keys, more than a few by collections, by an external id, in groups that are made as a whole, or by bulk ingest jobs.
 */
export const ways = ['key', 'collection', 'many', 'upsert', 'group', 'bulk'] as const;
export type Way = (typeof ways)[number];
