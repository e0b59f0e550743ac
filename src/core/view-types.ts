import type { Handler } from './host';
import type { Awaitable } from './policy';
import type { Request } from './request';
import type { Policies } from './resolution';
import type { Response } from './response';
import type { Settings } from './settings';
import type { APIView } from './views';

/** Parameters of the route, by name. A handler may name their types: `get(request, params: { pk: number })`. */
export type Params = Readonly<Record<string, unknown>>;

/** What a handler answers: a `Response` to be rendered, or the platform's own, which is sent as it is. */
export type ViewResult = Response | globalThis.Response;

/** The class of a view. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a view of any user type
export type ViewClass = (new () => APIView<any, any>) & Pick<typeof APIView, keyof typeof APIView>;

/** What `asView` may override for one handler: the policies, the settings, and statics of the class's own. */
export type ViewOverrides = Partial<Policies> & {
  readonly settings?: Settings;
  readonly httpMethodNames?: readonly string[];
  readonly [own: string]: unknown;
};

/** The handler of a view, with marks by which tools find the class (Django's names). */
export interface ViewHandler extends Handler {
  readonly viewClass: ViewClass;
  readonly initkwargs: ViewOverrides;
}

/** A handler of a view. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a view must fit APIView whatever its user type
export type Method = (request: Request<any, any>, params: Params) => Awaitable<ViewResult>;
