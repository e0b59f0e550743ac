import { AuthenticationFailed, getErrorDetails, type ErrorInput, type ErrorTree } from '../../core/exceptions';

/** A token that isn't taken. The message is meant for clients. */
export class TokenError extends Error {
  override name = 'TokenError';
}

/** A token that was good once. */
export class ExpiredTokenError extends TokenError {
  override name = 'ExpiredTokenError';
}

/** 401 with the code in the answer: `{"detail": …, "code": …}`. simplejwt calls it `AuthenticationFailed`. */
export class JWTAuthenticationFailed extends AuthenticationFailed {
  protected static override toDetail(detail: ErrorInput, code: string): ErrorTree {
    const members = typeof detail === 'object' && detail !== null ? detail : { detail };
    return getErrorDetails({ detail: this.defaultDetail, code, ...members }, code);
  }
}

/** 401 for a token that isn't taken. */
export class InvalidToken extends JWTAuthenticationFailed {
  static override defaultDetail = 'Token is invalid or expired';
  static override defaultCode = 'token_not_valid';
}
