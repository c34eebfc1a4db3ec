import { openTempMirror } from '../store/sqlite/temp-mirrors.ts';
import { mirrorContract } from './mirror.contract.ts';

mirrorContract('SQLite', { intake: true }, openTempMirror);
