/** How many histories of each way of sending the common run plays. */
export const usualHistories = 50;

/** The common run plays the same histories each time, so that it blames the change that it is run for. */
export const usualSeed = 6001;
