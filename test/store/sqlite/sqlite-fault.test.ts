import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.ts';
import { SharedBuffers } from '../../../src/store/page/shared-buffers.ts';
import { RowRecord } from '../../../src/store/sqlite/spool/row-record.ts';
import { SpoolFile } from '../../../src/store/sqlite/spool/spool-file.ts';
import { mapSqliteFault } from '../../../src/store/sqlite/sqlite-fault.ts';

function thrownBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

describe('real errors of SQLite and the file system become ours', () => {
  test('a database that may not grow is DISK_FULL', () => {
    const db = new Database(':memory:');
    db.pragma('max_page_count = 3');
    db.exec('CREATE TABLE t (x)');
    const error = thrownBy(() => db.prepare('INSERT INTO t VALUES (randomblob(100000))').run());
    expect(mapSqliteFault(error, 'm.db')).toMatchObject({
      code: 'DISK_FULL',
      details: { sqlite: 'SQLITE_FULL' },
    });
  });

  test.skipIf(!existsSync('/dev/full'))('a page that finds no room to be spooled is DISK_FULL', () => {
    const error = thrownBy(() => {
      const spool = new SpoolFile('/dev/full', 1);
      const record = new RowRecord(['text'], spool, new SharedBuffers());
      record.begin();
      record.finish();
      spool.finish();
    });
    expect(mapSqliteFault(error, 'm.db')).toMatchObject({ code: 'DISK_FULL', details: { sqlite: 'ENOSPC' } });
  });

  test('a read-only database is DATA_DIR_UNWRITABLE; any other error of SQLite keeps its code', () => {
    const db = new Database(':memory:');
    db.pragma('query_only = ON');
    const refused = thrownBy(() => db.exec('CREATE TABLE t (x)'));
    expect(mapSqliteFault(refused, 'm.db')).toMatchObject({ code: 'DATA_DIR_UNWRITABLE' });
    const wrong = thrownBy(() => db.prepare('SELECT nonsense'));
    expect(mapSqliteFault(wrong, 'm.db')).toMatchObject({
      code: 'MIRROR_FAILED',
      details: { sqlite: 'SQLITE_ERROR' },
      hint: expect.stringMatching(/doctor/),
    });
  });

  test.each(['EDQUOT', 'EFBIG'])('a file that may not grow any more (%s) is DISK_FULL', (code) => {
    const error = Object.assign(new Error(`${code}: no`), { code });
    expect(mapSqliteFault(error, 'm.db')).toMatchObject({ code: 'DISK_FULL' });
  });

  test('a disk that refuses a write, over a quota for one, is told with what to look at', () => {
    const error = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' });
    expect(mapSqliteFault(error, 'm.db')).toMatchObject({
      code: 'MIRROR_FAILED',
      hint: expect.stringMatching(/free space.*quotas.*what was stored before is kept/),
    });
  });

  test('our own errors and aborts pass through', () => {
    const own = new AppError('PAGE_INCOMPLETE', 'x');
    expect(mapSqliteFault(own, 'm.db')).toBe(own);
    const abort = new DOMException('x', 'AbortError');
    expect(mapSqliteFault(abort, 'm.db')).toBe(abort);
  });
});
