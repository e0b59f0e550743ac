import {
  APIView,
  authtoken,
  BasicAuthentication,
  defineSettings,
  IsAuthenticated,
  TokenAuthentication,
} from 'sallyport';
import type { AuthenticatedRequest, Token, User } from 'sallyport';
import { unitOfWork } from 'sallyport/mikro-orm';
import { orm, tokens, users } from './database';

/** What came with a request beside the user: the token, or null where it was a password. */
export type NotebookAuth = Token<User> | null;

/** The request of a view behind `IsAuthenticated`. */
export type NotebookRequest = AuthenticatedRequest<User, NotebookAuth>;

/** The base of all views, and the only place with configuration: what a view doesn't declare itself stands here. */
export abstract class NotebookView extends APIView<User, NotebookAuth> {
  static override settings = defineSettings(
    {
      defaultAuthenticationClasses: [TokenAuthentication, BasicAuthentication],
      defaultPermissionClasses: [IsAuthenticated],
      defaultThrottleRates: { login: '5/min' },
      // No proxy stands in front of this server, so whoever sends X-Forwarded-For made it up.
      numProxies: 0,
      users,
      aroundDispatch: unitOfWork(orm),
    },
    authtoken({ store: tokens }),
  );
}
