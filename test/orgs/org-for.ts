import type { OrgRecord } from '../../src/orgs/org-record.ts';

/** An org that differs from others by `name` in all that must differ. */
export function orgFor(name: string, change: Partial<OrgRecord> = {}): OrgRecord {
  const number = Array.from(name, (c) => c.codePointAt(0) ?? 0).reduce((sum, code) => sum * 7 + code, 0);
  return {
    instanceUrl: `https://${name}.my.salesforce.com`,
    apiUrl: `https://${name}.my.salesforce.com`,
    loginUrl: 'https://login.salesforce.com',
    orgId: `00D${String(number).padStart(12, '0')}AAA`,
    userId: `005${String(number).padStart(12, '0')}AAA`,
    username: `ada@${name}.example`,
    alias: null,
    sync: true,
    twoWay: false,
    conflicts: 'salesforce-wins',
    authState: 'ok',
    grant: 'refresh-token',
    clientId: 'client',
    budget: null,
    createdAt: number,
    lastLoginAt: number,
    ...change,
  };
}
