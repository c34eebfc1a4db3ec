import type { BackfillApi } from '../events.ts';

/** Requests of a first copy that are under way at once, where nothing else is asked for. */
export const defaultConcurrency: Readonly<Record<BackfillApi, number>> = { rest: 12, bulk: 3 };
