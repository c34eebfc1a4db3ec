/** Every pool is opened with `allowH2: false`, so that none of its connections ever comes here. */
module.exports = () => {
  throw new Error('HTTP/2 is left out of what bin/ loads.');
};
