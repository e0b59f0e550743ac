// The cycle, and the schemes that DRF itself offers.
export type { AuthenticationClasses, Authenticator, SettingsCheck } from './core/authentication';
export { BaseAuthentication, getAuthorizationHeader } from './core/authentication';
export * from './core/backends';
export { BaseBackend } from './core/base-backend';
export * from './core/cache';
export * from './core/checks';
export * from './core/clock';
export * from './core/decorators';
export * from './core/exception-handler';
export * from './core/exceptions';
export * from './core/failed-login-throttle';
export * from './core/file-upload';
export type { EndHook, Handler, HostRequest, HostResponse, Next, ResponseHead, ResponseHook } from './core/host';
export { onEnd, onResponse } from './core/host';
export * from './core/html-renderers';
export * from './core/logger';
export * from './core/metadata';
export * from './core/model-permissions';
export * from './core/multipart';
export * from './core/namespace';
export * from './core/negotiation';
export { BaseParser, DataAndFiles, FormParser, JSONParser } from './core/parsers';
export type { Parser, ParserContext, RequestStream } from './core/parsers';
export * from './core/passwords';
export {
  AllowAny,
  and,
  BasePermission,
  IsAdminUser,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  not,
  or,
  SAFE_METHODS,
  samePermission,
} from './core/permissions';
export type { GuaranteesAuthentication, Permission, PermissionClasses } from './core/permissions';
export type { Awaitable, PolicyClass } from './core/policy';
export type { RateLimit } from './core/rate-limit';
export * from './core/renderers';
export { UncheckedObject } from './core/object-checks';
export * from './core/problem-details';
export { cloneRequest, Request } from './core/request';
export { AuthenticationPending, DataPending, WrappedAttributeError } from './core/request-errors';
export type { AuthenticatedRequest } from './core/request';
export type { Policies, ResolvedPolicies } from './core/resolution';
export { Response } from './core/response';
export type { RenderedBody, ResponseOptions } from './core/response';
export { removeQueryParam, replaceQueryParam, reverse } from './core/reverse';
export type { ReverseOptions } from './core/reverse';
export * from './core/settings';
export * from './core/signed-cookies';
export * as status from './core/status';
export * from './core/throttling';
export * from './core/urls';
export { UploadedFile } from './core/uploads/uploaded-file';
export { PermissionHolder } from './core/user-permissions';
export type { PermissionUser } from './core/user-permissions';
export * from './core/users';
export { validated } from './core/validation';
export type { ValidationOptions } from './core/validation';
export * from './core/versioning';
export { dedent, getViewDescription, getViewName } from './core/view-names';
export * from './core/views';
export { constantTimeEqual } from './crypto/compare';
export * from './crypto/hashers';
export type { RandomSource } from './crypto/random';
export * from './crypto/signing';
export type { Charset } from './http/charset';
export { QueryDict } from './http/query';
export { ResponseHeaders } from './http/headers';
export { isSafeRedirect } from './http/redirects';
export type { RedirectOrigin } from './http/redirects';
export * from './auth/basic';
export * from './auth/remote-user';
export * from './auth/session';
export * from './auth/token';
