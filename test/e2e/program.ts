/**
 * What the end-to-end tests run: the build of this tree on the Node.js of the tests, or, as `npm run test:packed` sets
 * it, an installed package on another Node.js.
 */
export const bin =
  process.env.PARAHACK_TEST_BIN ?? new URL('../../bin/parahack-sync.js', import.meta.url).pathname;
export const node = process.env.PARAHACK_TEST_NODE ?? process.execPath;
/** The same with a watch that looks more often for what it is asked; an installed package looks as often as it does. */
export const quickBin = process.env.PARAHACK_TEST_BIN ?? new URL('quick-looks.ts', import.meta.url).pathname;
