import { callDetailsOf } from '../base/call-details.ts';
import type { Clock } from '../base/clock.ts';
import { type AppError, isAppError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Wire } from '../wire/open-wire.ts';
import type { Credential } from './credential.ts';
import { grantIsOver } from './grant/grant-is-over.ts';
import { grantRefused } from './grant/login-required.ts';
import { type RenewalOutcome, renewCredential } from './renew-credential.ts';
import type { StoredPlace } from './stored-place.ts';

export interface OfferParts {
  place: StoredPlace;
  wire: Wire;
  clock: Clock;
  log: Logger;
  /** Cuts a request that has left; its answer, and a token that it rotates, may be lost with it. */
  signal: AbortSignal;
  /** The grant is gone: whoever keeps the registry marks the org. */
  onLoginNeeded?: (error: AppError) => Promise<void>;
}

/** The one place where a session offers its grant to Salesforce. One that is over is not offered again, by anybody. */
export class OfferedGrant {
  readonly #parts: OfferParts;

  constructor(parts: OfferParts) {
    this.#parts = parts;
  }

  /** Throws what only a login mends once it is told, and what `renewCredential` throws. */
  async renew(
    credential: Credential,
    waitSignal: AbortSignal,
  ): Promise<Exclude<RenewalOutcome, { status: 'refused' }>> {
    const { wire, clock, log, signal } = this.#parts;
    const { instanceUrl } = credential;
    if (grantIsOver(credential)) throw await this.tell(grantRefused(credential));
    const outcome = await renewCredential(credential, { wire, clock, waitSignal, signal }).catch(
      async (error: unknown) => {
        throw isAppError(error, 'LOGIN_REQUIRED') ? await this.tell(error) : error;
      },
    );
    if (outcome.status === 'refused') {
      if (outcome.final) await this.#noteRefusal(credential, outcome.error);
      throw await this.tell(outcome.error);
    }
    if (outcome.status === 'renewed') {
      log.debug('A new access token was issued.', { instanceUrl, grant: credential.grant });
    }
    return outcome;
  }

  /** An admin can mend a JWT or client credentials grant without a login, so only a refresh token is given up. */
  async #noteRefusal(credential: Credential, refusal: AppError): Promise<void> {
    const { error, error_description: description } = callDetailsOf(refusal);
    const refused = {
      error: error ?? 'invalid_grant',
      description: description ?? null,
      at: this.#parts.clock.now(),
    };
    try {
      await this.#parts.place.put({ ...credential, refused });
    } catch (error) {
      this.#parts.log.warn('That the login is over could not be noted; the next process will ask again.', {
        instanceUrl: credential.instanceUrl,
        reason: messageOf(error),
      });
    }
  }

  /** Has told that only a login helps, and hands the error back to be thrown. */
  async tell(error: AppError): Promise<AppError> {
    await this.#parts.onLoginNeeded?.(error);
    return error;
  }
}
