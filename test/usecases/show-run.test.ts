import { expect, it } from 'vitest';
import { showRun } from '../../src/usecases/runs.ts';
import { openServices } from './open-services.ts';

const org = { url: 'http://localhost:9', accessToken: 'none' };

it('a run is shown by the beginning of its id where that means one alone', async () => {
  await using parts = openServices(org);
  const { services } = parts;
  const show = (id: string) => showRun(services, { id });
  {
    await using mirror = await services.mirrors.open(org.url, { create: true });
    await mirror.journal.startRun('cycle', services.clock.now(), {});
    const first = await show('');
    expect((await show(first.run.id.slice(0, 8))).run.id).toBe(first.run.id);
    await mirror.journal.startRun('cycle', services.clock.now(), {});
  }
  const refused = (message: string) => expect.objectContaining({ code: 'UNKNOWN_RUN', message });
  await expect(show('')).rejects.toEqual(refused('An empty id means several runs.'));
  await expect(show('zzz')).rejects.toEqual(refused('There is no run zzz.'));
});
