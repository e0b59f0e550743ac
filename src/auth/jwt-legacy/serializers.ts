import { ValidationError } from '../../core/exceptions';
import type { BaseUser } from '../../core/users';
import type { JSONObject } from '../jwt/protocol';
import { TextSerializer, type Attributes, type SerializerContext, type ValidatedData } from '../jwt/serializer';
import { requireUsers } from '../jwt/users';
import { usernameIn } from './authentication';
import { ExpiredSignatureError, InvalidTokenError } from './exceptions';
import { jwtDecodeHandler, jwtEncodeHandler, jwtPayloadHandler } from './handlers';
import { jwtLegacy, type JWTLegacySettings } from './settings';

/** A token and whose it is: what the views answer is made of this. */
export interface IssuedToken extends ValidatedData {
  readonly token: string;
  readonly user: BaseUser;
}

/** A class of serializers, as the views take it. */
export type JSONWebTokenSerializerClass = new (data: unknown, context: SerializerContext) => BaseJSONWebTokenSerializer;

/** The base of the serializers: a body for a token. */
export abstract class BaseJSONWebTokenSerializer extends TextSerializer {
  /** @throws ValidationError */
  abstract override validate(attributes: Attributes): Promise<IssuedToken>;

  /** The options in force. */
  get options(): JWTLegacySettings {
    return jwtLegacy.of(this.settings);
  }

  override get validatedData(): IssuedToken {
    return super.validatedData as IssuedToken;
  }

  /** A fresh token for a user, with some claims in place of its own. */
  protected async issue(user: BaseUser, claims: JSONObject = {}): Promise<string> {
    const { payloadHandler, encodeHandler } = this.options;
    const payload = await (payloadHandler ?? jwtPayloadHandler)(user, this.settings);
    return (encodeHandler ?? jwtEncodeHandler)({ ...payload, ...claims }, this.settings);
  }
}

/** A name and a password for a token. */
export class JSONWebTokenSerializer extends BaseJSONWebTokenSerializer {
  protected override get inputs(): readonly string[] {
    return [this.options.usernameField, 'password'];
  }

  override async validate(attributes: Attributes): Promise<IssuedToken> {
    const { usernameField } = this.options;
    const credentials = { [usernameField]: attributes[usernameField]!, password: attributes['password']! };
    const users = requireUsers(this.settings, this.constructor.name);
    const user = await users.authenticate(credentials, this.context.request);
    if (user === null) throw new ValidationError(['Unable to log in with provided credentials.']);
    if (!user.isActive) throw new ValidationError(['User account is disabled.']);
    return { token: await this.issue(user), user };
  }
}

/** The base of the serializers that take a token. */
export abstract class VerificationBaseSerializer extends BaseJSONWebTokenSerializer {
  protected override get inputs(): readonly string[] {
    return ['token'];
  }

  /**
   * What a good token says.
   * @throws ValidationError
   */
  protected async checkPayload(token: string): Promise<JSONObject> {
    try {
      return await (this.options.decodeHandler ?? jwtDecodeHandler)(token, this.settings);
    } catch (error) {
      if (error instanceof ExpiredSignatureError) throw new ValidationError(['Signature has expired.']);
      if (error instanceof InvalidTokenError) throw new ValidationError(['Error decoding signature.']);
      throw error;
    }
  }

  /**
   * The active user whom a payload names.
   * @throws ValidationError
   */
  protected async checkUser(payload: JSONObject): Promise<BaseUser> {
    const username = usernameIn(payload, this.options);
    if (username === null) throw new ValidationError(['Invalid payload.']);
    const user = await requireUsers(this.settings, this.constructor.name).getByNaturalKey(username);
    if (user === null) throw new ValidationError(["User doesn't exist."]);
    if (!user.isActive) throw new ValidationError(['User account is disabled.']);
    return user;
  }
}

/** Whether a token is good. */
export class VerifyJSONWebTokenSerializer extends VerificationBaseSerializer {
  override async validate(attributes: Attributes): Promise<IssuedToken> {
    const token = attributes['token']!;
    return { token, user: await this.checkUser(await this.checkPayload(token)) };
  }
}

/** A token for a fresh one, until the first of its line is too old. */
export class RefreshJSONWebTokenSerializer extends VerificationBaseSerializer {
  override async validate(attributes: Attributes): Promise<IssuedToken> {
    const payload = await this.checkPayload(attributes['token']!);
    const user = await this.checkUser(payload);
    const begun = payload['orig_iat'];
    if (typeof begun !== 'number' || begun === 0) throw new ValidationError(['orig_iat field is required.']);
    const end = begun + this.options.refreshExpirationDelta;
    if (Math.floor(this.settings.clock.now() / 1000) > end) throw new ValidationError(['Refresh has expired.']);
    return { token: await this.issue(user, { orig_iat: begun }), user };
  }
}
