/** How an org's access tokens are got: by a refresh token, a signed assertion (RFC 7523), client credentials, or given once by hand. */
export type GrantKind = 'refresh-token' | 'jwt' | 'client-credentials' | 'access-token';
