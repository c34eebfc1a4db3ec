/**
 * What the end-to-end tests run: the build of this tree on the Node.js of the tests, or, as `npm run test:packed` sets
 * it, an installed package on another Node.js.
 */
export const bin =
  process.env.PARAHACK_TEST_BIN ?? new URL('../../bin/parahack-sync.js', import.meta.url).pathname;
export const node = process.env.PARAHACK_TEST_NODE ?? process.execPath;
