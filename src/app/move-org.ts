import { AppError } from '../base/errors.ts';
import { lockOrg } from './org-lock.ts';
import type { Services } from './services.ts';

/** Holds both addresses of an org while its files move. Throws `ORG_BUSY`, or `MIRROR_EXISTS` before anything is done. */
export function moveLocks(services: Services, from: string, to: string): Disposable {
  if (services.mirrors.exists(from) && services.mirrors.exists(to)) {
    throw new AppError('MIRROR_EXISTS', `There is a mirror for ${to} already, beside the one for ${from}.`, {
      hint: `Move ${services.mirrors.pathOf(to)} away, then log in with --move again.`,
      details: { from: services.mirrors.pathOf(from), to: services.mirrors.pathOf(to) },
    });
  }
  const first = lockOrg(services, from, 'login --move');
  try {
    const second = lockOrg(services, to, 'login --move');
    return {
      [Symbol.dispose]() {
        second.release();
        first.release();
      },
    };
  } catch (error) {
    first.release();
    throw error;
  }
}

/**
 * Gives an org its new address: the mirror's file first, so that a kill in between is mended by the same command. The
 * caller holds the drain lock of the old one.
 */
export async function moveOrg(services: Services, from: string, to: string): Promise<void> {
  if (services.mirrors.exists(from)) {
    {
      await using mirror = await services.mirrors.open(from, { create: false });
      const identity = await mirror.identity();
      if (identity !== null) await mirror.setIdentity({ ...identity, instanceUrl: to });
    }
    await services.mirrors.move(from, to);
  }
  services.registry.move(from, to);
}
