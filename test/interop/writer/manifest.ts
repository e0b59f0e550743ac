/** What Django must answer; without it, yes. */
interface Accepted {
  readonly accepted?: boolean;
}

/** What was written, and what Django should make of it. The names are those of the format, which is Django's side's too. */
export interface Manifest {
  readonly secret_key: string;
  readonly passwords: readonly (Accepted & Record<'username' | 'password' | 'algorithm', string>)[];
  readonly hashes: readonly (Accepted & Record<'password' | 'encoded', string>)[];
  readonly users: readonly { readonly username: string; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly sessions: readonly {
    readonly session_key: string;
    /** Null: nobody must be logged in. */
    readonly user_id: number | null;
    /** What must be in it. */
    readonly data: Readonly<Record<string, unknown>>;
  }[];
  readonly drf_tokens: readonly (Accepted & { readonly key: string; readonly user_id: number })[];
  readonly knox_tokens: readonly (Accepted & { readonly token: string; readonly user_id: number })[];
  readonly api_keys: readonly (Accepted & { readonly key: string })[];
  readonly jwts: readonly (Accepted & {
    readonly token: string;
    readonly type: string;
    readonly user_id: number;
    readonly claims?: Readonly<Record<string, unknown>>;
  })[];
  readonly reset_tokens: readonly (Accepted & Record<'uid' | 'token', string>)[];
  readonly signed: readonly (Accepted & {
    readonly signed: string;
    readonly salt: string;
    readonly value: unknown;
    readonly max_age: number;
  })[];
  readonly signed_cookies: readonly (Accepted & Record<'name' | 'cookie_value' | 'salt' | 'value', string>)[];
  readonly csrf: readonly (Accepted & Record<'cookie' | 'token', string>)[];
  readonly permissions: readonly { readonly user_id: number; readonly permission: string; readonly has: boolean }[];
}
