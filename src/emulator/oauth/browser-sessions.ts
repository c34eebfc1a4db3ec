import { randomBytes } from 'node:crypto';

/** Who is logged in in which browser; the cookie lives as long as the browser does. */
export class BrowserSessions {
  /** With the port, since browsers keep cookies by host alone: two emulators would log one another's users out. */
  readonly #cookieName: string;
  readonly #users = new Map<string, string>();

  constructor(port: number) {
    this.#cookieName = `emulator_sid_${port}`;
  }

  /** Returns the `Set-Cookie` value. */
  logIn(userId: string): string {
    const sid = randomBytes(24).toString('base64url');
    this.#users.set(sid, userId);
    return `${this.#cookieName}=${sid}; Path=/; HttpOnly; SameSite=Lax`;
  }

  userOf(cookieHeader: string | undefined): string | undefined {
    const match = new RegExp(`(?:^|;\\s*)${this.#cookieName}=([\\w-]+)`).exec(cookieHeader ?? '');
    return match ? this.#users.get(match[1] ?? '') : undefined;
  }

  clear(): void {
    this.#users.clear();
  }
}
