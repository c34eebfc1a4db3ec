/** How many histories of chance the common run plays: a tenth of the deep run's. */
export const usualHistories = 50;
/** The same of those of one or two contacts. */
export const usualFewContacts = 50;

/** The common run plays the same histories each time, so that it blames the change that it is run for. */
export const usualSeed = 6009;
