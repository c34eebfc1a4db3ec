import { memoryRegistry } from '../usecases/memory-registry.ts';
import { registryContract } from './registry.contract.ts';

registryContract('memory', async () => memoryRegistry());
