import { openTempMirror } from '../store/sqlite/temp-mirrors.ts';
import { intakeContract } from './intake.contract.ts';
import { mirrorContract } from './mirror.contract.ts';

mirrorContract('SQLite', openTempMirror);
intakeContract('SQLite', openTempMirror);
