/** Why a token is refused. */
export type JWTRefusal =
  | 'malformed'
  | 'too_large'
  | 'header'
  | 'algorithm'
  | 'signature'
  | 'claims'
  | 'not_yet_valid'
  | 'audience'
  | 'issuer'
  | 'proof';

/**
 * A token that is not to be believed. The message says why, for a log, and never quotes the token; clients are told
 * less.
 */
export class JWTError extends Error {
  override name = 'JWTError';

  constructor(
    readonly reason: JWTRefusal | 'expired',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A token that was good once. */
export class JWTExpired extends JWTError {
  override name = 'JWTExpired';

  constructor(message: string) {
    super('expired', message);
  }
}
