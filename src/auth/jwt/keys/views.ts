import type { AuthenticationClasses } from '../../../core/authentication';
import { ImproperlyConfigured } from '../../../core/exceptions';
import type { PermissionClasses } from '../../../core/permissions';
import { JSONRenderer, type Renderer } from '../../../core/renderers';
import type { Request } from '../../../core/request';
import { Response } from '../../../core/response';
import type { RendererClasses, Settings } from '../../../core/settings';
import { APIView, type ViewClass, type ViewHandler, type ViewOverrides } from '../../../core/views';
import { tokenBackend } from '../backend';
import { jwt } from '../settings';

/** JSON under the name of a JWK set (RFC 7517, section 8.5.2). */
class JWKSetRenderer extends JSONRenderer {
  override readonly mediaType: string = 'application/jwk-set+json';
}

/** The public keys of the option `keyRing`, for whoever checks tokens of this server: `/.well-known/jwks.json`. */
export class JWKSView extends APIView {
  static override permissionClasses: PermissionClasses = [];
  static override authenticationClasses: AuthenticationClasses = [];
  static override rendererClasses: RendererClasses = [JWKSetRenderer];
  static override description: string | null = 'The public keys that tokens of this server are signed with.';

  /** @throws ImproperlyConfigured where there is no ring, or no key of it has a public half */
  static override asView(this: ViewClass, overrides: ViewOverrides = {}): ViewHandler {
    const settings = overrides.settings ?? this.settings;
    const { ring } = tokenBackend(settings);
    if (ring === null || ring.publicKeys(settings.clock.now() / 1000).length === 0) {
      throw new ImproperlyConfigured(
        `${this.name} publishes the key pairs of a ring, and there are none: ` +
          "jwt({ algorithm: 'ES256', keyRing: [{ key: privateKey }] }).",
      );
    }
    return APIView.asView.call(this, overrides);
  }

  /** There is one form of a key set, whatever a client says that it accepts. */
  override performContentNegotiation(request: Request): readonly [Renderer, string] {
    return super.performContentNegotiation(request, true);
  }

  override get(): Response {
    const keys = tokenBackend(this.settings).ring!.publicKeys(this.settings.clock.now() / 1000);
    const maxAge = String(jwt.of(this.settings).jwksMaxAge);
    return new Response({ keys }, { headers: { 'Cache-Control': `public, max-age=${maxAge}` } });
  }
}

/** `JWKSView` as a handler: `path('/.well-known/jwks.json', jwks(settings))`. */
export function jwks(settings: Settings): ViewHandler {
  return JWKSView.asView({ settings });
}
