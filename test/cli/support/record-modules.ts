import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

// Preloaded by `node --import`: at the end, every module that was loaded is in the file MODULES_FILE names.
const loaded: string[] = [];
registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});
process.on('exit', () => writeFileSync(process.env.MODULES_FILE ?? 'modules.json', JSON.stringify(loaded)));
