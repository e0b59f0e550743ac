/** A token that isn't taken. A `decodeHandler` of your own throws this, or one of its kinds. The names are PyJWT's. */
export class InvalidTokenError extends Error {
  override name = 'InvalidTokenError';
}

/** A token that can't be read, or that somebody else has signed. */
export class DecodeError extends InvalidTokenError {
  override name = 'DecodeError';
}

/** A token that was good once. */
export class ExpiredSignatureError extends InvalidTokenError {
  override name = 'ExpiredSignatureError';
}
