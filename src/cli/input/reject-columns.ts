/** What a rejects file adds to each record; dropped again when such a file is pushed. */
export const ownRejectColumns = ['_source', '_index', '_line', '_errors'] as const;
