import {
  AllowAny,
  apiView,
  APIView,
  authenticationClasses,
  BaseAuthentication,
  contentNegotiationClass,
  DefaultContentNegotiation,
  handler,
  IsAuthenticated,
  metadataClass,
  path,
  permissionClasses,
  Response,
  throttleScope,
} from 'sallyport';
import type { AuthenticatedRequest, BaseUser, Request, ViewHandler } from 'sallyport';

/** Compiled with TypeScript's older decorators; `tc39/decorated.ts` holds the same for the standard ones. */

interface Member extends BaseUser {
  readonly email: string;
}
declare class ByClaims extends BaseAuthentication<Member, string> {
  override authenticate(): Promise<readonly [Member, string] | null>;
}

@authenticationClasses([ByClaims])
@permissionClasses([IsAuthenticated])
@contentNegotiationClass(DefaultContentNegotiation)
@metadataClass(null)
@throttleScope(null)
export class View extends APIView<Member, string> {
  override get(request: AuthenticatedRequest<Member, string>): Response {
    return new Response(request.user.email);
  }
}

export class Views {
  @apiView(['GET'])
  @permissionClasses([AllowAny])
  static plain(): Response {
    return new Response();
  }

  @apiView(['GET', 'POST'], { authenticationClasses: [ByClaims], permissionClasses: [IsAuthenticated] })
  static async typed(
    request: AuthenticatedRequest<Member, string>,
    params: { readonly pk: number },
  ): Promise<Response> {
    return new Response([request.user.email satisfies string, params.pk]);
  }

  // @ts-expect-error -- a view answers with a response
  @apiView(['GET'])
  static text(): string {
    return 'text';
  }

  // @ts-expect-error -- the list makes members
  @apiView(['GET'], { authenticationClasses: [ByClaims] })
  static other(request: Request<BaseUser & { readonly nickname: string }>): Response {
    return new Response(request.auth);
  }
}

// A decorator can't change the type of a method: path() takes it as it is, handler() gives its type back.
export const routes = [path('/plain', Views.plain), path('/typed', handler(Views.typed))];
export const typed: ViewHandler = handler(Views.typed);

// @ts-expect-error -- a list of classes
permissionClasses(IsAuthenticated);
// @ts-expect-error -- a permission is no authenticator
authenticationClasses([IsAuthenticated]);
// @ts-expect-error -- a scope is a text
throttleScope(5);
