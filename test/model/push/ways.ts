/**
 * How the creates of a history are sent: a few with keys by the UI API, a few by collections to an org that takes no
 * keys, more than a few by collections, by an external id, or in groups that are made as a whole.
 */
export const ways = ['key', 'collection', 'many', 'upsert', 'group'] as const;
export type Way = (typeof ways)[number];
