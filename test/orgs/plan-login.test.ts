import { describe, expect, it } from 'vitest';
import { planLogin } from '../../src/orgs/rules/plan-login.ts';
import { orgFor } from './org-for.ts';

const a = orgFor('a');
const b = orgFor('b');
const known = [a, b];
const identityOf = ({ instanceUrl, orgId, userId, username }: typeof a) => ({
  instanceUrl,
  orgId,
  userId,
  username,
});

describe('what a login means for the orgs that are connected', () => {
  it('is a new org where neither URL nor org id is known', () => {
    expect(planLogin(known, identityOf(orgFor('c')))).toEqual({ kind: 'new' });
    expect(planLogin([], identityOf(a))).toEqual({ kind: 'new' });
  });

  it('replaces the grant of the same org and user, ids of 15 and 18 characters being the same', () => {
    expect(planLogin(known, identityOf(a))).toEqual({ kind: 'replace', org: a });
    const short = { ...identityOf(a), orgId: a.orgId.slice(0, 15), userId: a.userId.slice(0, 15) };
    expect(planLogin(known, short)).toEqual({ kind: 'replace', org: a });
  });

  it('refuses another user of the same org, unless told', () => {
    const other = { ...identityOf(a), userId: '005000000000000AAA', username: 'bob@a.example' };
    expect(() => planLogin(known, other)).toThrow(
      expect.objectContaining({ code: 'OTHER_USER', hint: expect.stringContaining('--replace-user') }),
    );
    expect(planLogin(known, other, { replaceUser: true })).toEqual({ kind: 'replace-user', org: a });
  });

  it('refuses another org at the same URL, whatever the user', () => {
    const refreshed = { ...identityOf(a), orgId: '00D000000000000AAA' };
    for (const replaceUser of [false, true]) {
      expect(() => planLogin(known, refreshed, { replaceUser })).toThrow(
        expect.objectContaining({
          code: 'ORG_CHANGED',
          hint: expect.stringMatching(/"parahack-sync logout .*"parahack-sync backfill --fresh"/),
        }),
      );
    }
  });

  it('even refuses a known org at the URL of another known one', () => {
    expect(() => planLogin(known, { ...identityOf(b), instanceUrl: a.instanceUrl })).toThrow(
      expect.objectContaining({ code: 'ORG_CHANGED' }),
    );
  });

  it('tells a renamed My Domain', () => {
    const to = 'https://new.my.salesforce.com';
    expect(planLogin(known, { ...identityOf(a), instanceUrl: to })).toEqual({
      kind: 'renamed',
      org: a,
      from: a.instanceUrl,
      to,
      replacesUser: false,
    });
    expect(() =>
      planLogin(known, { ...identityOf(a), instanceUrl: to, userId: '005000000000000AAA' }),
    ).toThrow(expect.objectContaining({ code: 'OTHER_USER' }));
  });

  it('knows an org by the address it was renamed to', () => {
    const renamed = { ...a, apiUrl: 'https://new.my.salesforce.com' };
    expect(planLogin([renamed], { ...identityOf(a), instanceUrl: renamed.apiUrl })).toEqual({
      kind: 'replace',
      org: renamed,
    });
  });
});
