import { randomBytes } from 'node:crypto';

const cookieName = 'emulator_sid';

/** Who is logged in in which browser; the cookie lives as long as the browser does. */
export class BrowserSessions {
  readonly #users = new Map<string, string>();

  /** Returns the `Set-Cookie` value. */
  logIn(userId: string): string {
    const sid = randomBytes(24).toString('base64url');
    this.#users.set(sid, userId);
    return `${cookieName}=${sid}; Path=/; HttpOnly; SameSite=Lax`;
  }

  userOf(cookieHeader: string | undefined): string | undefined {
    const match = new RegExp(`(?:^|;\\s*)${cookieName}=([\\w-]+)`).exec(cookieHeader ?? '');
    return match ? this.#users.get(match[1] ?? '') : undefined;
  }

  clear(): void {
    this.#users.clear();
  }
}
