/** What goes on with the work, true for whoever reads it: a watch that runs makes another try without being asked. */
export const runAgain = 'run the command again (a running watch goes on by itself)';
