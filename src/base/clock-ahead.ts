/** A stored time that lies further ahead of another one, ms, was written while this machine's clock was ahead. */
export const mostAheadMs = 600_000;
