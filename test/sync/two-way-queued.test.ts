import { expect, it } from 'vitest';
import { pushAll, recordsOf } from './push-all.ts';
import { twoWay } from './two-way-rig.ts';

it('a watch sees that records are queued, and looks at nothing for a push that sends them itself', async () => {
  await using two = await twoWay();
  const { context, mirrors, signal } = two.rig;
  using commits = mirrors.programCommits(context.remote.instanceUrl);
  const before = commits.look();
  await pushAll(context, recordsOf([{ LastName: 'Sent' }]), { signal });
  expect(commits.look()).toBe(before);
  await pushAll(context, recordsOf([{ LastName: 'Queued' }]), { signal, queue: true });
  expect(commits.look()).not.toBe(before);
});
