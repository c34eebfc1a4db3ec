import { describe, expect, it } from 'vitest';
import { abortReason, isAbort } from '../../src/base/abort.ts';
import { AppError } from '../../src/base/errors.ts';
import { type ErrorReport, reportError } from '../../src/cli/error-report.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { OrgNames } from '../../src/cli/org-names.ts';
import { ResultOutput } from '../../src/cli/result-output.ts';
import { createRedact } from '../../src/contract/redact.ts';

const orgNames = new OrgNames(() => 0);

const late = new AppError('MIRROR_BUSY', 'The mirror is in use.');
const partial = new AppError('PARTIAL', 'One of two was not done.');

function output({ json = false, refuses = false } = {}) {
  const said = { stdout: '', stderr: '' };
  const write = async (text: string) => {
    if (refuses) throw new Error('no space left on device');
    said.stdout += text;
  };
  const failure = ({ lines }: ErrorReport) => {
    said.stderr += `${lines.join('\n')}\n`;
  };
  const results = new ResultOutput({
    flags: { json },
    stdout: { write, writeData: write, keep: async () => {} },
    messages: { failure, isLogged: false },
    pretty: false,
    report: (error) =>
      reportError(error, { redact: createRedact(), verbose: false, stoppedBy: null, orgNames }),
    isUnread: isAbort,
  });
  return { results, said };
}

async function* cutShort(): AsyncGenerator<string> {
  yield '{"contacts": [';
  throw late;
}

describe('with --json there is one document on stdout', () => {
  it('which carries the failure of its own result', async () => {
    const { results, said } = output({ json: true });
    expect(await results.present({ document: { orgs: [] }, failure: partial })).toBe(true);
    expect(JSON.parse(said.stdout)).toMatchObject({ orgs: [], error: { code: 'PARTIAL' } });
    expect([said.stderr, results.exitCode]).toEqual(['', exitCodes.partial]);
  });

  it('also where something fails behind it, which is then told by the exit code alone', async () => {
    const { results, said } = output({ json: true });
    await results.present({ document: { orgs: [] } });
    await results.fail(late);
    expect(JSON.parse(said.stdout)).toEqual({ orgs: [] });
    expect([said.stderr, results.exitCode]).toEqual(['', exitCodes.busy]);
  });

  it('or the beginning of one that broke off, and the error is on stderr', async () => {
    const { results, said } = output({ json: true });
    const error = await results.present({ documentParts: cutShort }).catch((thrown: unknown) => thrown);
    await results.fail(error);
    expect(said).toEqual({ stdout: '{"contacts": [', stderr: expect.stringContaining('in use') });
    expect(results.exitCode).toBe(exitCodes.busy);
  });

  it('or the error alone, which is on stderr where stdout takes nothing', async () => {
    const taken = output({ json: true });
    await taken.results.fail(late);
    expect(JSON.parse(taken.said.stdout)).toMatchObject({ error: { code: 'MIRROR_BUSY' } });
    expect(taken.said.stderr).toBe('');
    const refused = output({ json: true, refuses: true });
    await refused.results.fail(late);
    expect(refused.said).toEqual({ stdout: '', stderr: expect.stringContaining('in use') });
  });

  it('whose parts may carry what went wrong while they were read, and all of it was not shown then', async () => {
    const { results, said } = output({ json: true });
    const all = await results.present({
      async *documentParts(_, infoOf) {
        yield JSON.stringify({ error: infoOf(late) });
      },
    });
    expect([all, results.exitCode]).toEqual([false, exitCodes.busy]);
    expect(JSON.parse(said.stdout)).toMatchObject({ error: { code: 'MIRROR_BUSY' } });
    expect(said.stderr).toBe('');
  });
});

describe('as text', () => {
  it('a result is followed by its failure, whose exit code stays', async () => {
    const { results, said } = output();
    await results.present({ text: () => 'one', failure: partial });
    await results.fail(late);
    expect(said.stdout).toBe('one\n');
    expect(said.stderr).toMatch(/not done\.[\s\S]*in use/);
    expect(results.exitCode).toBe(exitCodes.partial);
  });

  it('work that ended for want of a reader has not failed', async () => {
    const { results, said } = output();
    await results.fail(abortReason());
    expect([said, results.exitCode]).toEqual([{ stdout: '', stderr: '' }, exitCodes.done]);
  });
});
