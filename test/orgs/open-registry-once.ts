import { openRegistry } from '../../src/orgs/open-registry.ts';
import { orgFor } from './org-for.ts';

const [dataDir = '', name = ''] = process.argv.slice(2);
const registry = openRegistry(dataDir);
await registry.put(orgFor(`org${name}`));
await registry[Symbol.asyncDispose]();
