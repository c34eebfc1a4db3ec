import { setFlagsFromString } from 'node:v8';

/**
 * To be called before a thread is started from a `.ts` file. Such a thread instantiates Node's type stripper, which
 * is WebAssembly, and as threads come and go V8's collector of WebAssembly code can free an import wrapper twice: a
 * segmentation fault (nodejs/node#66366, every Node 24 so far). Without the collector a thread's stripper code stays
 * for the life of the process, some 2 MB in all. NODE_OPTIONS refuses the flag. The build's
 * threads run no WebAssembly.
 * See docs/decisions/wasm-code-gc.md for when this can go.
 */
export function keepWasmCode(): void {
  setFlagsFromString('--no-wasm-code-gc');
}
