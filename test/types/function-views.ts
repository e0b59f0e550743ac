import {
  AllowAny,
  and,
  apiView,
  APIView,
  BaseAuthentication,
  IsAdminUser,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  not,
  or,
  Response,
} from 'sallyport';
import type {
  AnonymousUser,
  ApiViewDecorator,
  AuthenticatedRequest,
  Authenticator,
  BaseUser,
  GuaranteesAuthentication,
  Permission,
  PolicyClass,
  Request,
  TokenAuthentication,
  ViewHandler,
} from 'sallyport';
import type { Equals, Expect, IsAny, Not } from './support';

interface Member extends BaseUser {
  readonly email: string;
}
interface Robot extends BaseUser {
  readonly serial: number;
}
interface Claims {
  readonly scope: string;
}
declare class ByClaims extends BaseAuthentication<Member, Claims> {
  override authenticate(): Promise<readonly [Member, Claims] | null>;
}
declare class ByKey extends BaseAuthentication<Robot, string> {
  override authenticate(): readonly [Robot, string] | undefined;
}
/** Any class with the method will do. */
declare class Plain {
  authenticate(): PromiseLike<[Member, null] | null>;
}

/** Hands the request on, so that its type can be looked at. */
declare function seen<R>(request: R): Response;
/** The type of the request in a function view of these options. */
type Given<D> = D extends ApiViewDecorator<infer R> ? R : never;

export const own = apiView(['GET'], { authenticationClasses: [ByClaims] });
export const two = apiView(['GET'], { authenticationClasses: [ByClaims, ByKey] });
export const plain = apiView(['GET'], { authenticationClasses: [Plain] });
export const none = apiView(['GET'], { authenticationClasses: [] });
export const nothing = apiView(['GET']);

export type FromItsList = [
  Expect<Equals<Given<typeof own>, Request<Member, Claims>>>,
  Expect<Equals<Given<typeof two>['user'], Member | Robot | AnonymousUser | null>>,
  Expect<Equals<Given<typeof two>['auth'], Claims | string | null>>,
  Expect<Equals<Given<typeof plain>['user'], Member | AnonymousUser | null>>,
  Expect<Equals<Given<typeof plain>['auth'], null>>,
  // Nobody can be recognised then.
  Expect<Equals<Given<typeof none>['user'], AnonymousUser | null>>,
  Expect<Equals<Given<typeof nothing>, Request<BaseUser, unknown>>>,
  Expect<Not<IsAny<Given<typeof own>['user']>>>,
  Expect<Not<IsAny<Given<typeof two>['auth']>>>,
  Expect<Not<IsAny<Given<typeof none>['auth']>>>,
];

abstract class AppView extends APIView<Member, Claims> {}
export const extending = apiView(['GET'], { extends: AppView });
export const extendingOwn = apiView(['GET'], { extends: AppView, authenticationClasses: [ByKey] });
export const extendingClosed = apiView(['GET'], { extends: AppView, permissionClasses: [IsAuthenticated] });

export type FromItsBase = [
  Expect<Equals<Given<typeof extending>, Request<Member, Claims>>>,
  Expect<Equals<Given<typeof extendingOwn>, Request<Robot, string>>>,
  Expect<Equals<Given<typeof extendingClosed>, AuthenticatedRequest<Member, Claims>>>,
];

const lists = { authenticationClasses: [ByClaims] } as const;
export const guarded = apiView(['GET'], { ...lists, permissionClasses: [IsAuthenticated] });
export const second = apiView(['GET'], { ...lists, permissionClasses: [AllowAny, IsAuthenticated] });
export const both = apiView(['GET'], { ...lists, permissionClasses: [and(IsAuthenticated, IsAdminUser)] });
export const deep = apiView(['GET'], {
  ...lists,
  permissionClasses: [and(AllowAny, and(IsAdminUser, IsAuthenticated))],
});
export const orBoth = apiView(['GET'], {
  ...lists,
  permissionClasses: [or(IsAuthenticated, and(IsAuthenticated, AllowAny))],
});
class Named extends IsAuthenticated {}
export const subclass = apiView(['GET'], { ...lists, permissionClasses: [Named] });

export const open = apiView(['GET'], { ...lists, permissionClasses: [AllowAny] });
export const readOnly = apiView(['GET'], { ...lists, permissionClasses: [IsAuthenticatedOrReadOnly] });
export const either = apiView(['GET'], { ...lists, permissionClasses: [or(IsAuthenticated, AllowAny)] });
export const inverse = apiView(['GET'], { ...lists, permissionClasses: [not(IsAuthenticated)] });
export const admin = apiView(['GET'], { ...lists, permissionClasses: [IsAdminUser] });
export const empty = apiView(['GET'], { ...lists, permissionClasses: [] });

type Sure = AuthenticatedRequest<Member, Claims>;
type Unsure = Request<Member, Claims>;

export type FromItsPermissions = [
  Expect<Equals<Given<typeof guarded>, Sure>>,
  Expect<Equals<Given<typeof guarded>['user'], Member>>,
  Expect<Equals<Given<typeof second>, Sure>>,
  Expect<Equals<Given<typeof both>, Sure>>,
  Expect<Equals<Given<typeof deep>, Sure>>,
  Expect<Equals<Given<typeof orBoth>, Sure>>,
  Expect<Equals<Given<typeof subclass>, Sure>>,
  Expect<Equals<Given<typeof open>, Unsure>>,
  Expect<Equals<Given<typeof readOnly>, Unsure>>,
  Expect<Equals<Given<typeof either>, Unsure>>,
  Expect<Equals<Given<typeof inverse>, Unsure>>,
  Expect<Equals<Given<typeof admin>, Unsure>>,
  Expect<Equals<Given<typeof empty>, Unsure>>,
];

export const twice = not(not(IsAuthenticated));
export const sure = and(AllowAny, IsAuthenticated);
export type OfComposition = [
  Expect<Equals<typeof twice, PolicyClass<Permission>>>,
  Expect<Equals<typeof sure, PolicyClass<Permission & GuaranteesAuthentication>>>,
];

// In use
export const views: ViewHandler[] = [
  guarded((request) => new Response(request.user.email satisfies string)),
  guarded((request: Sure, params: { readonly pk: number }) => new Response([request.auth?.scope, params.pk])),
  own((request) => {
    // @ts-expect-error -- nobody may be logged in
    const email: string = request.user.email;
    return new Response(email);
  }),
  own(async (request) => seen(request)),
  own(() => new globalThis.Response('raw')),
  // @ts-expect-error -- a view answers with a response
  own(() => 'text'),
  // @ts-expect-error -- the list makes members, not robots
  own((request: Request<Robot, string>) => seen(request)),
];

// Lists that aren't literals
declare const wide: readonly PolicyClass<Authenticator<Member, Claims>>[];
export const fromWide = apiView(['GET'], { authenticationClasses: wide });
const mutable = [ByClaims];
export const fromMutable = apiView(['GET'], { authenticationClasses: mutable });
// A generic scheme is seen with its constraints where the list doesn't name the types.
declare const Tokens: typeof TokenAuthentication;
export const generic = apiView(['GET'], { authenticationClasses: [Tokens], permissionClasses: [IsAuthenticated] });
export type FromOtherLists = [
  Expect<Equals<Given<typeof fromWide>, Request<Member, Claims>>>,
  Expect<Equals<Given<typeof fromMutable>, Request<Member, Claims>>>,
  Expect<Equals<Given<typeof generic>['user'], BaseUser>>,
  Expect<Not<IsAny<Given<typeof generic>['auth']>>>,
];

// @ts-expect-error -- an instance is no class
apiView(['GET'], { permissionClasses: [new IsAuthenticated(null as never)] });
// @ts-expect-error -- a class alone is no list
apiView(['GET'], { permissionClasses: IsAuthenticated });
// @ts-expect-error -- a throttle is no permission
apiView(['GET'], { permissionClasses: [ByClaims], throttleClasses: [AllowAny] });
