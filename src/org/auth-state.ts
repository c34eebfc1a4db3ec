/** `login-needed`: the grant is gone. `no-refresh`: an access token that nothing can renew. */
export type AuthState = 'ok' | 'login-needed' | 'no-refresh';
