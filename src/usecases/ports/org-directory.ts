import type { OrgRecord } from '../../orgs/org-record.ts';
import type { Registry } from '../../orgs/registry.ts';

/** Which orgs there are. */
export interface OrgDirectory {
  /** The connected orgs; made by its first use. */
  readonly registry: Pick<Registry, 'get' | 'isInPlace' | 'list' | 'resolve'>;
  /** Whether a registry was ever made. */
  hasRegistry(): Promise<boolean>;
  /** The folder of the mirrors where one lies in it, whether or not its org is connected; null where none does. */
  leftMirrors(): Promise<string | null>;
  /** Whether this process was given an org of its own. Opens nothing, so that it can be asked whatever is damaged. */
  readonly hasProcessOrg: boolean;
  /** The org that was given to this process alone, as a record that is stored nowhere; null where none was. */
  processOrg(): Promise<OrgRecord | null>;
}
