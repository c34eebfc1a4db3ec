import { isoTime } from '../base/iso-time.ts';
import type { AppArchives } from '../contract/app.ts';
import type { ArchiveView } from '../contract/archives.ts';
import type { ArchivedMirror } from '../sync/ports/mirror-archives.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { listedOrgs } from './chosen-orgs.ts';
import type { WarnParts } from './no-org.ts';
import { type OrgLeases, takeOrgLease } from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export function appArchives(
  parts: OrgDirectory & WarnParts & OrgLeases & { readonly mirrors: Pick<Mirrors, 'archives'> },
): AppArchives {
  return {
    async list({ org }) {
      const archives: ArchiveView[] = [];
      for (const { instanceUrl } of await listedOrgs(parts, org)) {
        for (const archive of await parts.mirrors.archives.list(instanceUrl))
          archives.push(viewOf(instanceUrl, archive));
      }
      return { archives };
    },
    async prune({ org, keep }) {
      const removed: ArchiveView[] = [];
      const kept: ArchiveView[] = [];
      for (const { instanceUrl } of await listedOrgs(parts, org)) {
        const archives = await parts.mirrors.archives.list(instanceUrl);
        for (const archive of archives.slice(0, keep)) kept.push(viewOf(instanceUrl, archive));
        const superfluous = archives.slice(keep);
        if (superfluous.length === 0) continue;
        // A fresh copy that is ending makes an archive, and may have to make it anew.
        await using lease = await takeOrgLease(parts, instanceUrl, 'archives prune');
        for (const archive of superfluous) {
          await parts.mirrors.archives.remove(archive, lease);
          removed.push(viewOf(instanceUrl, archive));
        }
      }
      return { removed, kept };
    },
  };
}

function viewOf(instanceUrl: string, { location, archivedAt, bytes }: ArchivedMirror): ArchiveView {
  return { instanceUrl, path: location, archivedAt: isoTime(archivedAt), bytes };
}
