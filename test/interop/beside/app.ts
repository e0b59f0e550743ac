import type { MikroORM } from '@mikro-orm/postgresql';
import {
  APIView,
  BasicAuthentication,
  decodeUid,
  encodeUid,
  getSession,
  handle,
  IsAuthenticated,
  obtainAuthToken,
  PasswordResetTokenGenerator,
  path,
  Response,
  SessionAuthentication,
  sessionUrls,
  TokenAuthentication,
  updateSessionAuthHash,
  type AuthenticatedRequest,
  type AuthenticationClasses,
  type Handler,
  type PermissionClasses,
  type Request,
  type Settings,
  type User,
} from 'sallyport';
import { JWTAuthentication, tokenObtainPair, tokenRefresh } from 'sallyport/jwt';
import { Group, GroupPermission, Permission, UserGroup, UserPermission, userStore } from 'sallyport/mikro-orm';
import { settingsOf, type ProjectOptions } from '../app/settings';
import { hashers } from '../hashers';

type KnownRequest = AuthenticatedRequest<User>;

/** The same routes as those of ../django-project/urls.py, over the same database. */
export function createApp(orm: MikroORM, options: ProjectOptions): Handler {
  const settings = settingsOf(orm, options, { rotateRefreshTokens: true, blacklistAfterRotation: true });
  const views = viewsOf(orm, settings);
  const who = (authenticator: AuthenticationClasses[number]) =>
    views.Who.asView({ authenticationClasses: [authenticator], permissionClasses: [IsAuthenticated] });
  return handle([
    ...sessionUrls(settings),
    path('/session/', who(SessionAuthentication)),
    path('/basic/', who(BasicAuthentication)),
    path('/token/', who(TokenAuthentication)),
    path('/jwt/', who(JWTAuthentication)),
    path('/password/', views.Password.asView()),
    path('/values/', views.Values.asView()),
    path('/may/', views.May.asView()),
    path('/users/', views.Users.asView()),
    path('/grant/', views.Grant.asView()),
    path('/reset/', views.Reset.asView()),
    path('/token/obtain/', obtainAuthToken(settings)),
    path('/jwt/obtain/', tokenObtainPair(settings)),
    path('/jwt/refresh/', tokenRefresh(settings)),
  ]);
}

/** Django's names of the fields that a user has. */
interface UserFields {
  readonly username: string;
  readonly password?: string;
  readonly email?: string;
  readonly is_active?: boolean;
  readonly is_superuser?: boolean;
}

interface ResetFields {
  readonly uid: string;
  readonly token: string;
  readonly password: string;
}

interface GrantFields {
  readonly username: string;
  readonly permission: string;
  readonly group?: string;
}

function viewsOf(orm: MikroORM, viewSettings: Settings) {
  const users = userStore(orm, { hashers });

  abstract class View extends APIView {
    static override settings = viewSettings;
    static override authenticationClasses: AuthenticationClasses = [SessionAuthentication];
  }

  class Who extends View {
    override get(request: Request): Response {
      return new Response({ user: request.user!.pk });
    }
  }

  class Password extends View {
    static override permissionClasses: PermissionClasses = [IsAuthenticated];
    override async post(request: KnownRequest): Promise<Response> {
      await users.setPassword(request.user, (request.data as { readonly password: string }).password);
      await updateSessionAuthHash(request, request.user);
      return new Response({});
    }
  }

  class Values extends View {
    override async get(request: Request): Promise<Response> {
      const entries = [...(await getSession(request)).entries()];
      return new Response(Object.fromEntries(entries.filter(([name]) => !name.startsWith('_'))));
    }

    override async post(request: Request): Promise<Response> {
      const session = await getSession(request);
      for (const [name, value] of Object.entries(request.data as object)) session.set(name, value);
      return new Response({});
    }
  }

  class May extends View {
    static override permissionClasses: PermissionClasses = [IsAuthenticated];
    override async get(request: KnownRequest): Promise<Response> {
      return new Response({ may: await request.user.hasPerm(request.queryParams.get('permission')!) });
    }
  }

  class Users extends View {
    static override authenticationClasses: AuthenticationClasses = [];
    override async post(request: Request): Promise<Response> {
      const { is_active: isActive = true, is_superuser: isSuperuser = false, ...rest } = request.data as UserFields;
      const user = await users.createUser({ ...rest, isActive, isSuperuser });
      return new Response({ id: user.id, username: user.username });
    }

    override async patch(request: Request): Promise<Response> {
      const { username, is_active: isActive, is_superuser: isSuperuser } = request.data as UserFields;
      const user = (await users.getByNaturalKey(username))!;
      if (isActive !== undefined) user.isActive = isActive;
      if (isSuperuser !== undefined) user.isSuperuser = isSuperuser;
      await orm.em.flush();
      return new Response({ changed: 1 });
    }
  }

  class Grant extends View {
    static override authenticationClasses: AuthenticationClasses = [];
    override async post(request: Request): Promise<Response> {
      const { username, permission: name, group: groupName } = request.data as GrantFields;
      const { em } = orm;
      const [appLabel, codename] = name.split('.') as [string, string];
      const user = (await users.getByNaturalKey(username))!;
      const permission = await em.findOneOrFail(Permission, { codename, contentType: { appLabel } });
      if (groupName === undefined) {
        em.create(UserPermission, { user, permission });
      } else {
        const group = em.create(Group, { name: groupName });
        em.create(GroupPermission, { group, permission });
        em.create(UserGroup, { user, group });
      }
      await em.flush();
      return new Response({});
    }
  }

  /** Makes a link for a user who has forgotten the password, and takes the password from such a link. */
  class Reset extends View {
    static override authenticationClasses: AuthenticationClasses = [];
    readonly #tokens = new PasswordResetTokenGenerator(viewSettings);

    override async get(request: Request): Promise<Response> {
      const user = (await users.getByNaturalKey(request.queryParams.get('username')!))!;
      return new Response({ uid: encodeUid(user.pk), token: this.#tokens.makeToken(user) });
    }

    override async post(request: Request): Promise<Response> {
      const { uid, token, password } = request.data as ResetFields;
      const user = await users.get(decodeUid(uid));
      if (user === null || !this.#tokens.checkToken(user, token)) return new Response({}, { status: 400 });
      await users.setPassword(user, password);
      return new Response({});
    }
  }

  return { Who, Password, Values, May, Users, Grant, Reset };
}
