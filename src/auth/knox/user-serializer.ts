import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import { AbstractBaseUser, type BaseUser } from '../../core/users';
import type { APIView } from '../../core/views';

/** What a serializer of users is given beside the user. */
export interface UserSerializerContext {
  readonly request: Request;
  readonly view: APIView;
  /** The format suffix of the URL; null where there is none. */
  readonly format: string | null;
}

/** A class that shows users in the answer to a log in. */
export type UserSerializerClass = new (
  user: BaseUser,
  context: UserSerializerContext,
) => { readonly data: Awaitable<unknown> };

/**
 * Shows a user by name: `{"username": "ann"}`.
 *
 * @example
 * class FullUserSerializer extends UserSerializer {
 *   override get data() {
 *     const { id, username, email } = this.user as User;
 *     return { id, username, email };
 *   }
 * }
 */
export class UserSerializer {
  constructor(
    protected readonly user: BaseUser,
    protected readonly context: UserSerializerContext,
  ) {}

  get data(): Awaitable<unknown> {
    const { user } = this;
    if (!(user instanceof AbstractBaseUser)) return {};
    const { USERNAME_FIELD } = user.constructor as typeof AbstractBaseUser;
    return { [USERNAME_FIELD]: user.getUsername() };
  }
}
