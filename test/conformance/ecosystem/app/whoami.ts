import {
  AllowAny,
  APIView,
  IsAuthenticated,
  path,
  Response,
  Token,
  type AuthenticationClasses,
  type PermissionClasses,
  type Request,
  type Route,
  type Settings,
} from 'sallyport';

/** How the answer shows what a class of the package says in `request.auth`. */
export type DescribeAuth = (auth: unknown, settings: Settings) => unknown;

interface KnownUser {
  readonly isAuthenticated: boolean;
  readonly username: string;
  readonly pk: unknown;
}

/** A view that tells who makes the request. */
export function whoAmIView(describeAuth: DescribeAuth) {
  return class WhoAmIView extends APIView {
    override get(request: Request): Response {
      const user = request.user as KnownUser | null;
      return new Response({
        user: user?.username ?? null,
        user_id: user?.pk ?? null,
        is_authenticated: user?.isAuthenticated ?? false,
        user_class: user?.constructor.name ?? null,
        auth: this.describe(request.auth),
        authenticator: request.successfulAuthenticator?.constructor.name ?? null,
      });
    }

    describe(auth: unknown): unknown {
      if (auth === null || typeof auth === 'string') return auth;
      return auth instanceof Token ? auth.key : describeAuth(auth, this.settings);
    }

    override post(request: Request): Response {
      return this.get(request);
    }
  };
}

export interface WhoAmIOptions {
  readonly settings: Settings;
  readonly describeAuth: DescribeAuth;
  readonly authenticationClasses: AuthenticationClasses;
}

/** `whoami/` for those who are known, and `open/` for everybody. */
export function whoAmIRoutes(
  prefix: string,
  { settings, describeAuth, authenticationClasses }: WhoAmIOptions,
): Route[] {
  const view = whoAmIView(describeAuth);
  const route = (name: string, permissionClasses: PermissionClasses): Route =>
    path(`${prefix}/${name}/`, view.asView({ settings, authenticationClasses, permissionClasses }));
  return [route('whoami', [IsAuthenticated]), route('open', [AllowAny])];
}
