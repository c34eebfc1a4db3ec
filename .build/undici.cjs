/**
 * What the program uses of undici: its connections over HTTP/1.1. The package's index also loads caches, WebSocket, a
 * `fetch` and stand-ins for tests, which takes as long again. jsforce asks for `fetch` and `Response`
 * and never gets to use them: its requests go through this program's own client.
 */
const Dispatcher = require('undici/lib/dispatcher/dispatcher');

// As the index does: `request`, `stream` and the others are methods of every dispatcher.
Object.assign(Dispatcher.prototype, require('undici/lib/api'));

exports.Agent = require('undici/lib/dispatcher/agent');
exports.ProxyAgent = require('undici/lib/dispatcher/proxy-agent');
exports.EnvHttpProxyAgent = require('undici/lib/dispatcher/env-http-proxy-agent');
exports.buildConnector = require('undici/lib/core/connect');
exports.errors = require('undici/lib/core/errors');
exports.Response = class Response {};
exports.fetch = () => {
  throw new Error('The fetch of undici is left out of what bin/ loads.');
};
