/** What can't be answered yet. The list only shrinks: the tests fail when something is answered and still stands here. */
export interface Waiting {
  readonly reason: string;
  /** Kinds of samples. */
  readonly kinds?: readonly string[];
  /** Scenarios of the living database. */
  readonly scenarios?: readonly string[];
}

export const waiting: readonly Waiting[] = [
  {
    reason: 'waits for OAuth',
    kinds: ['pkce.check', 'oidc.hash'],
    scenarios: [
      'access tokens of oauth toolkit',
      'an authorization code with PKCE',
      'refresh tokens of oauth toolkit',
      'client credentials',
    ],
  },
];

/** What we answer otherwise than the recorded Django 3.2 on purpose: samples by their ids, steps as `scenario: step`. */
export interface Different {
  readonly reason: string;
  readonly samples?: readonly string[];
  readonly steps?: readonly string[];
}

export const different: readonly Different[] = [
  {
    reason: 'DES crypt reads eight characters of a password, and Django has given it up',
    samples: ['password-crypt-right', 'password-crypt-wrong'],
  },
  {
    reason: 'signatures with SHA-1 are those of Django 3.0; since 4.0 Django refuses them too',
    samples: ['session-decode-9', 'session-user-9', 'session-user-sha1-hash', 'signing-unsign-sha1'],
    steps: [
      'sessions: session 9: layout before Django 3.1 (base64 of hmac-sha1-hex ":" json) and sha1 _auth_user_hash: 3.2 accepts, 4.0+ does not',
    ],
  },
  {
    reason: 'a refresh token of an inactive user buys nothing (J-020)',
    steps: ['refresh tokens: refresh_inactive'],
  },
];

/** The samples that are not answered as recorded, by their ids. */
export const exceptedSamples: ReadonlySet<string> = new Set(different.flatMap(({ samples = [] }) => samples));

/** The steps that are not answered as recorded, by the names of scenario and step. */
export const exceptedSteps: ReadonlySet<string> = new Set(different.flatMap(({ steps = [] }) => steps));

/** The scenarios of which something is not answered at all. */
export const waitingScenarios: ReadonlySet<string> = new Set(waiting.flatMap(({ scenarios = [] }) => scenarios));

/** Why a kind of samples is not answered; undefined when it is. */
export function reasonOf(kind: string): string | undefined {
  return waiting.find(({ kinds = [] }) => kinds.includes(kind))?.reason;
}
