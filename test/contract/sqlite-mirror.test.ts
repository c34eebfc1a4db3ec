import { openTempMirror } from '../store/sqlite/temp-mirrors.ts';
import { mirrorContract } from './mirror.contract.ts';
import { stagingContract } from './staging.contract.ts';

mirrorContract('SQLite', openTempMirror);
stagingContract('SQLite', openTempMirror);
