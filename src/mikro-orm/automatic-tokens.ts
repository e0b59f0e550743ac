import { ChangeSetType } from '@mikro-orm/core';
import type { EventSubscriber, FlushEventArgs, RequiredEntityData } from '@mikro-orm/core';
import { Token } from '../auth/token/models';
import type { TokenClass, TokenRecord } from '../auth/token/store';
import { User } from '../core/users';
import type { BaseUser } from '../core/users';
import type { AnyClass } from './stores/entity-class';

/** Which users get tokens of which class. */
export interface AutomaticTokensOptions {
  /** The class of the users. @default User */
  readonly user?: AnyClass<BaseUser>;
  /** The class of the tokens. @default Token */
  readonly token?: TokenClass;
}

/**
 * Makes a token beside each new user, in the same transaction: what `post_save` does in DRF's guide. A user who has been
 * there before gets none; `tokenStore(orm).createMissing()` makes theirs.
 *
 * @example MikroORM.init({ entities: [UserSchema, TokenSchema], subscribers: [automaticTokens()] })
 */
export function automaticTokens({ user = User, token = Token }: AutomaticTokensOptions = {}): EventSubscriber {
  return {
    onFlush({ em, uow }: FlushEventArgs): void {
      for (const { entity, type } of uow.getChangeSets()) {
        if (type !== ChangeSetType.CREATE || !(entity instanceof user)) continue;
        const data = { user: entity } as unknown as RequiredEntityData<TokenRecord>;
        uow.computeChangeSet(em.create<TokenRecord>(token as AnyClass<TokenRecord>, data, { partial: true }));
      }
    },
  };
}
