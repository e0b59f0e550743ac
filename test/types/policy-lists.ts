import {
  AllowAny,
  AnonRateThrottle,
  APIView,
  BaseAuthentication,
  BasePermission,
  BaseThrottle,
  BasicAuthentication,
  DefaultContentNegotiation,
  FormParser,
  IsAdminUser,
  IsAuthenticated,
  JSONParser,
  JSONRenderer,
  SimpleMetadata,
  TokenAuthentication,
  URLPathVersioning,
} from 'sallyport';
import type {
  AuthenticationClasses,
  ContentNegotiation,
  Metadata,
  ParserClasses,
  PermissionClasses,
  PolicyClass,
  RendererClasses,
  ThrottleClasses,
  Versioning,
} from 'sallyport';

declare class Custom extends BaseAuthentication {
  override authenticate(): null;
}
declare class Mine extends BasePermission {}
declare class Slow extends BaseThrottle {
  allowRequest(): boolean;
}

/** Each policy, with the aliases: a subclass may name other classes. */
export class Parent extends APIView {
  static override authenticationClasses: AuthenticationClasses = [BasicAuthentication];
  static override permissionClasses: PermissionClasses = [AllowAny];
  static override throttleClasses: ThrottleClasses = [AnonRateThrottle];
  static override parserClasses: ParserClasses = [JSONParser];
  static override rendererClasses: RendererClasses = [JSONRenderer];
  static override contentNegotiationClass: PolicyClass<ContentNegotiation> = DefaultContentNegotiation;
  static override metadataClass: PolicyClass<Metadata> | null = SimpleMetadata;
  static override versioningClass: PolicyClass<Versioning> | null = null;
  static override throttleScope: string | null = 'parent';
}
export class Grandchild extends Parent {
  static override authenticationClasses: AuthenticationClasses = [Custom, TokenAuthentication];
  static override permissionClasses: PermissionClasses = [IsAuthenticated, Mine];
  static override throttleClasses: ThrottleClasses = [Slow];
  static override parserClasses: ParserClasses = [FormParser, JSONParser];
  static override rendererClasses: RendererClasses = [];
  static override metadataClass: PolicyClass<Metadata> | null = null;
  static override versioningClass: PolicyClass<Versioning> | null = URLPathVersioning;
  static override throttleScope: string | null = null;
}
export class GreatGrandchild extends Grandchild {
  static override permissionClasses: PermissionClasses = [IsAdminUser];
}

/** Lists of other forms fit as well. */
const asTuple = [IsAuthenticated, Mine] as const;
const asArray = [IsAuthenticated, Mine];
export class FromTuple extends Parent {
  static override permissionClasses = asTuple;
}
export class FromArray extends Parent {
  static override permissionClasses: PermissionClasses = asArray;
  static override authenticationClasses: AuthenticationClasses = Object.freeze([Custom]);
}

/** As members of an instance they would be ignored, and the view stand open. */
export class Fields extends APIView {
  // @ts-expect-error -- static is the one form
  override authenticationClasses = [Custom];
  // @ts-expect-error -- static is the one form
  override permissionClasses = [IsAdminUser];
  // @ts-expect-error -- static is the one form
  override throttleClasses = [Slow];
  // @ts-expect-error -- static is the one form
  override parserClasses = [JSONParser];
  // @ts-expect-error -- static is the one form
  override rendererClasses = [JSONRenderer];
  // @ts-expect-error -- static is the one form
  override contentNegotiationClass = DefaultContentNegotiation;
  // @ts-expect-error -- static is the one form
  override metadataClass = SimpleMetadata;
  // @ts-expect-error -- static is the one form
  override versioningClass = URLPathVersioning;
  // @ts-expect-error -- static is the one form
  override throttleScope = 'scope';
}
export class Getter extends APIView {
  // @ts-expect-error -- static is the one form
  override get permissionClasses(): PermissionClasses {
    return [IsAdminUser];
  }
}
export class Assigned extends APIView {
  constructor() {
    super();
    // @ts-expect-error -- static is the one form
    this.permissionClasses = [IsAdminUser];
  }
}

export class WrongKinds extends APIView {
  // @ts-expect-error -- a list of classes
  static override permissionClasses: PermissionClasses = IsAuthenticated;
  // @ts-expect-error -- a permission is no authenticator
  static override authenticationClasses: AuthenticationClasses = [IsAuthenticated];
  // @ts-expect-error -- classes, not instances
  static override throttleClasses: ThrottleClasses = [new AnonRateThrottle(null as never)];
}

/** A plain class fits, without a base class of the library. */
class PlainAuthenticator {
  authenticate(): null {
    return null;
  }
}
class PlainPermission {
  hasPermission(): boolean {
    return true;
  }
}
export class PlainClasses extends APIView {
  static override authenticationClasses: AuthenticationClasses = [PlainAuthenticator];
  static override permissionClasses: PermissionClasses = [PlainPermission];
}

Parent.asView({ permissionClasses: [IsAdminUser] });
// @ts-expect-error -- a list of classes
Parent.asView({ permissionClasses: IsAdminUser });
// @ts-expect-error -- an undefined list is a mistake
Parent.asView({ permissionClasses: undefined });
