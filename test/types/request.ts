import { AbstractBaseUser, AnonymousUser, APIView, Response } from 'sallyport';
import type { AuthenticatedRequest, BaseUser, Params, QueryDict, Request, ViewResult } from 'sallyport';
import type { Equals, Expect, IsAny, Not } from './support';

class Member extends AbstractBaseUser {
  id = 1;
  email = '';
  isActive = true;
}
interface Claims {
  readonly scope: string;
}
type MemberRequest = Request<Member, Claims>;

export type OfARequest = [
  Expect<Equals<MemberRequest['user'], Member | AnonymousUser | null>>,
  Expect<Equals<MemberRequest['auth'], Claims | null>>,
  Expect<Equals<Awaited<ReturnType<MemberRequest['getUser']>>, Member | AnonymousUser | null>>,
  Expect<Equals<Request['user'], BaseUser | AnonymousUser | null>>,
  Expect<Equals<Request['auth'], unknown>>,
  Expect<Equals<MemberRequest['data'], unknown>>,
  Expect<Equals<MemberRequest['queryParams'], QueryDict>>,
  Expect<Equals<AuthenticatedRequest<Member, Claims>['user'], Member>>,
  Expect<Equals<AuthenticatedRequest<Member, Claims>['auth'], Claims | null>>,
  Expect<Equals<AuthenticatedRequest<Member>['auth'], unknown>>,
  Expect<Not<IsAny<MemberRequest['user']>>>,
  Expect<Not<IsAny<MemberRequest['auth']>>>,
];

export function narrowing(request: MemberRequest): string {
  // @ts-expect-error -- nobody may be logged in
  const early: string = request.user.email;
  const { user } = request;
  if (user?.isAuthenticated === true) {
    type Narrowed = Expect<Equals<typeof user, Member>>;
    return [user.email satisfies string, true satisfies Narrowed].join();
  }
  type Rest = Expect<Equals<typeof user, AnonymousUser | null>>;
  if (user !== null) {
    const flag: false = user.isAuthenticated;
    return String(flag);
  }
  return [early, true satisfies Rest].join();
}

export function byReading(request: MemberRequest): string | undefined {
  if (request.user?.isAuthenticated === true) return request.user.email;
  // @ts-expect-error -- an anonymous user has no address
  return request.user?.email as string;
}

export function setting(request: MemberRequest, member: Member): void {
  request.user = member;
  request.user = new AnonymousUser();
  request.user = null;
  // @ts-expect-error -- this is no user
  request.user = { name: 'ann' };
  // @ts-expect-error -- nor is this the type of request.auth
  request.auth = 'token';
  request.auth = { scope: 'read' };
}

abstract class AppView extends APIView<Member, Claims> {}
type AppRequest = AuthenticatedRequest<Member, Claims>;

export class Handlers extends AppView {
  override get(request: AppRequest): Response {
    return new Response({ email: request.user.email satisfies string, scope: request.auth?.scope });
  }
  override async post(request: Request<Member, Claims>, params: Params): Promise<ViewResult> {
    await request.getUser();
    return new Response(params['pk']);
  }
  override put(_request: AppRequest, params: { readonly pk: number }): Response<number> {
    return new Response(params.pk);
  }
  override delete(): globalThis.Response {
    return new globalThis.Response(null, { status: 204 });
  }
  // @ts-expect-error -- a handler answers with a response
  override patch(): string {
    return 'text';
  }
}

export class WrongUser extends AppView {
  // @ts-expect-error -- the users of this app are members
  override get(request: AuthenticatedRequest<AbstractBaseUser & { readonly nickname: string }, Claims>): Response {
    return new Response(request.user.nickname);
  }
}

export class Inside extends AppView {
  override get(): Response {
    type Own = [
      Expect<Equals<typeof this.request.user, Member | AnonymousUser | null>>,
      Expect<Equals<typeof this.request.auth, Claims | null>>,
    ];
    return new Response([true, true] satisfies Own);
  }
}

// A user class needs three members, and no base class.
export class Plain extends APIView<{
  readonly isAuthenticated: true;
  readonly isActive: boolean;
  readonly pk: string;
}> {}
// @ts-expect-error -- a user that may be anonymous can't be told from one that is not
export class Vague extends APIView<{
  readonly isAuthenticated: boolean;
  readonly isActive: boolean;
  readonly pk: string;
}> {}

export type OfAResponse = [
  Expect<Equals<Response<{ a: number }>['data'], { a: number } | null>>,
  Expect<Equals<Response['data'], unknown>>,
];
