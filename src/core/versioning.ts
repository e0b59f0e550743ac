import { parseMediaType } from '../http/media-types';
import { NotAcceptable, NotFound } from './exceptions';
import type { Request } from './request';
import { replaceQueryParam, reverseUnversioned, type ReverseOptions } from './reverse';
import type { Settings } from './settings';
import type { ResolverMatch } from './urls';
import type { Params } from './views';

/** Finds the version that a client asks for, and writes it into URLs. */
export interface Versioning {
  /** @throws NotFound, NotAcceptable for a version that there isn't */
  determineVersion(request: Request, params: Params): string | null;
  reverse(viewName: string, options: ReverseOptions & { readonly request: Request }): string;
}

/** The base of versioning schemes: which versions there are, and what a wrong one is told. */
export abstract class BaseVersioning implements Versioning {
  /** In place of the setting `defaultVersion`. */
  readonly defaultVersion: string | null | undefined = undefined;
  /** In place of the setting `allowedVersions`. */
  readonly allowedVersions: readonly (string | null)[] | null | undefined = undefined;
  /** In place of the setting `versionParam`. */
  readonly versionParam: string | undefined = undefined;
  abstract readonly invalidVersionMessage: string;

  constructor(protected readonly settings: Settings) {}

  abstract determineVersion(request: Request, params: Params): string | null;

  reverse(viewName: string, options: ReverseOptions & { readonly request: Request }): string {
    return reverseUnversioned(viewName, options);
  }

  /** Whether there is such a version: any where none are listed, else the default one and those listed. */
  isAllowedVersion(version: string | null): boolean {
    const allowed = this.allowedVersions === undefined ? this.settings.allowedVersions : this.allowedVersions;
    if (allowed === null || allowed.length === 0) return true;
    return (version !== null && version === this.getDefaultVersion()) || allowed.includes(version);
  }

  protected getDefaultVersion(): string | null {
    return this.defaultVersion === undefined ? this.settings.defaultVersion : this.defaultVersion;
  }

  protected getVersionParam(): string {
    return this.versionParam ?? this.settings.versionParam;
  }

  /** The version if there is one of that name. @throws NotFound */
  protected found(version: string | null): string | null {
    if (!this.isAllowedVersion(version)) throw new NotFound(this.invalidVersionMessage);
    return version;
  }
}

// For subclasses in JavaScript, where `abstract` says nothing.
BaseVersioning.prototype.determineVersion = function (this: BaseVersioning) {
  throw new Error(`${this.constructor.name}.determineVersion() must be implemented.`);
};

/** `Accept: application/json; version=1.0` */
export class AcceptHeaderVersioning extends BaseVersioning {
  readonly invalidVersionMessage: string = 'Invalid version in "Accept" header.';

  determineVersion(request: Request, _params: Params): string | null {
    const accepted = parseMediaType(request.acceptedMediaType ?? '');
    // Names in a media type have no case, so they are kept in small letters.
    const version = accepted.params.get(this.getVersionParam().toLowerCase()) ?? this.getDefaultVersion();
    if (!this.isAllowedVersion(version)) throw new NotAcceptable(this.invalidVersionMessage);
    return version;
  }
}

/** `/v1/notes/`, by a route parameter. */
export class URLPathVersioning extends BaseVersioning {
  readonly invalidVersionMessage: string = 'Invalid version in URL path.';

  determineVersion(_request: Request, params: Params): string | null {
    const version = params[this.getVersionParam()];
    return this.found(typeof version === 'string' ? version : this.getDefaultVersion());
  }

  override reverse(viewName: string, options: ReverseOptions & { readonly request: Request }): string {
    const { version } = options.request;
    if (version === null) return super.reverse(viewName, options);
    // A version that the caller gives wins.
    return super.reverse(viewName, { ...options, params: { [this.getVersionParam()]: version, ...options.params } });
  }
}

/** `/v1/notes/`, by the namespace of the route. */
export class NamespaceVersioning extends BaseVersioning {
  readonly invalidVersionMessage: string = 'Invalid version in URL path. Does not match any version namespace.';

  determineVersion(request: Request, _params: Params): string | null {
    const match = (request.raw as { resolverMatch?: ResolverMatch }).resolverMatch;
    if (match === undefined || match.namespaces.length === 0) return this.getDefaultVersion();
    const version = match.namespaces.find((name) => this.isAllowedVersion(name));
    if (version === undefined) throw new NotFound(this.invalidVersionMessage);
    return version;
  }

  override reverse(viewName: string, options: ReverseOptions & { readonly request: Request }): string {
    const { version } = options.request;
    return super.reverse(version === null ? viewName : this.getVersionedViewName(viewName, version), options);
  }

  getVersionedViewName(viewName: string, version: string): string {
    return `${version}:${viewName}`;
  }
}

/** `v1.example.com` */
export class HostNameVersioning extends BaseVersioning {
  readonly invalidVersionMessage: string = 'Invalid version in hostname.';
  /** Its first group is the version. */
  readonly hostnameRegex: RegExp = /^([a-zA-Z0-9]+)\.[a-zA-Z0-9]+\.[a-zA-Z0-9]+$/;

  determineVersion(request: Request, _params: Params): string | null {
    const [hostname = ''] = request.getHost().split(':');
    const match = this.hostnameRegex.exec(hostname);
    return match === null ? this.getDefaultVersion() : this.found(match[1] ?? null);
  }
}

/** `/notes/?version=1.0`; an empty parameter is a version, not its absence. */
export class QueryParameterVersioning extends BaseVersioning {
  readonly invalidVersionMessage: string = 'Invalid version in query parameter.';

  determineVersion(request: Request, _params: Params): string | null {
    return this.found(request.queryParams.get(this.getVersionParam()) ?? this.getDefaultVersion());
  }

  override reverse(viewName: string, options: ReverseOptions & { readonly request: Request }): string {
    const url = super.reverse(viewName, options);
    const { version } = options.request;
    return version === null ? url : replaceQueryParam(url, this.getVersionParam(), version);
  }
}
