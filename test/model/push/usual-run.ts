/** How many histories of each way of sending the common run plays: a tenth of the deep run's. */
export const usualHistories = 100;

/** The common run plays the same histories each time, so that it blames the change that it is run for. */
export const usualSeed = 6001;
