import { randomBytes } from 'node:crypto';
import {
  APIView,
  authtoken,
  BasicAuthentication,
  defineSettings,
  IsAuthenticated,
  session,
  SessionAuthentication,
  TokenAuthentication,
} from 'sallyport';
import type { AuthenticatedRequest, Token, User } from 'sallyport';
import { unitOfWork } from 'sallyport/mikro-orm';
import { orm, sessions, tokens, users } from './database';

/** What came with a request beside the user: the token, or null where it was a password or a session. */
export type NotebookAuth = Token<User> | null;

/** The request of a view behind `IsAuthenticated`. */
export type NotebookRequest = AuthenticatedRequest<User, NotebookAuth>;

/** Whoever knows it can log in as anybody. Without one of your own, sessions end with the server. */
const secretKey = process.env['SECRET_KEY'] ?? randomBytes(48).toString('base64');

/** The base of all views, and the only place with configuration: what a view doesn't declare itself stands here. */
export abstract class NotebookView extends APIView<User, NotebookAuth> {
  static override settings = defineSettings(
    {
      defaultAuthenticationClasses: [TokenAuthentication, BasicAuthentication, SessionAuthentication],
      defaultPermissionClasses: [IsAuthenticated],
      defaultThrottleRates: { login: '5/min' },
      // No proxy stands in front of this server, so whoever sends X-Forwarded-For made it up.
      numProxies: 0,
      users,
      secretKey,
      aroundDispatch: unitOfWork(orm),
    },
    authtoken({ store: tokens }),
    session({ store: sessions, loginRedirectUrl: '/me' }),
  );
}
