import { isoTime } from '../base/iso-time.ts';
import type { AppArchives } from '../contract/app.ts';
import type { ArchiveView } from '../contract/archives.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import { namedOrAllOrgs } from './chosen-orgs.ts';
import { type OrgLeases, takeOrgLease } from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export function appArchives(
  services: OrgDirectory & OrgLeases & { readonly mirrors: Pick<Mirrors, 'archives' | 'removeArchive'> },
): AppArchives {
  const archivesOf = (instanceUrl: string): ArchiveView[] =>
    services.mirrors.archives(instanceUrl).map(({ path, archivedAt, bytes }) => ({
      instanceUrl,
      path,
      archivedAt: isoTime(archivedAt),
      bytes,
    }));
  return {
    list: async ({ org }) => ({
      archives: namedOrAllOrgs(services, org).flatMap(({ instanceUrl }) => archivesOf(instanceUrl)),
    }),
    async prune({ org, keep }) {
      const removed: ArchiveView[] = [];
      const kept: ArchiveView[] = [];
      for (const { instanceUrl } of namedOrAllOrgs(services, org)) {
        const archives = archivesOf(instanceUrl);
        kept.push(...archives.slice(0, keep));
        const superfluous = archives.slice(keep);
        if (superfluous.length === 0) continue;
        // A fresh copy that is ending makes an archive, and may have to make it anew.
        await using lease = await takeOrgLease(services, instanceUrl, 'archives prune');
        for (const archive of superfluous) {
          await services.mirrors.removeArchive(archive.path, lease);
          removed.push(archive);
        }
      }
      return { removed, kept };
    },
  };
}
