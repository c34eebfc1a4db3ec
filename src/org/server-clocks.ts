/**
 * By so much the clock of the server that made a record may be behind those whose answers told when its request left;
 * they differ by a second or so.
 */
export const serverClocksMs = 10_000;
