import { isAPIException, isDjangoPermissionDenied, isHttp404 } from './exceptions';
import type { Awaitable } from './policy';
import { cloneRequest, type Request } from './request';
import type { Settings } from './settings';
import type { APIView } from './views';

/** What OPTIONS answers. */
export interface Metadata {
  determineMetadata(request: Request, view: APIView): Awaitable<unknown>;
}

/** The base of metadata classes: what an OPTIONS request is answered with. */
export abstract class BaseMetadata implements Metadata {
  constructor(protected readonly settings: Settings) {}
  abstract determineMetadata(request: Request, view: APIView): Awaitable<unknown>;
}

// For subclasses in JavaScript, where `abstract` says nothing.
BaseMetadata.prototype.determineMetadata = () => {
  throw new Error('.determineMetadata() must be overridden.');
};

/** What clients are told of a field. The keys stand in DRF's order and spelling, since they are sent as they are. */
export interface FieldInfo {
  readonly type: string;
  readonly required: boolean;
  readonly read_only: boolean;
  readonly label?: string;
  readonly [more: string]: unknown;
}

/** What a view's `getSerializer` answers, if it can tell its fields. */
export interface DescribedSerializer {
  readonly fields: Readonly<Record<string, FieldInfo>>;
}

type Actions = Record<string, DescribedSerializer['fields']>;
interface ViewWithSerializer extends APIView {
  getSerializer(data?: unknown): Partial<DescribedSerializer>;
  getObject?(): Awaitable<unknown>;
}

/**
 * The view's name and description, and the media types that it renders and parses. Of a view with a `getSerializer`
 * also the fields that the user may send.
 */
export class SimpleMetadata extends BaseMetadata {
  determineMetadata(request: Request, view: APIView): Awaitable<unknown> {
    const metadata = {
      name: view.getViewName(),
      description: view.getViewDescription(),
      renders: view.getRenderers().map((renderer) => renderer.mediaType),
      parses: view.getParsers().map((parser) => parser.mediaType),
    };
    if (!hasSerializer(view)) return metadata;
    return this.determineActions(request, view).then((actions) =>
      Object.keys(actions).length === 0 ? metadata : { ...metadata, actions },
    );
  }

  /** The fields of those among PUT and POST that this user may do. */
  protected async determineActions(request: Request, view: ViewWithSerializer): Promise<Actions> {
    const actions: Actions = {};
    for (const method of ['PUT', 'POST']) {
      if (!view.allowedMethods.includes(method)) continue;
      view.request = cloneRequest(request, method);
      try {
        await view.checkPermissions(view.request);
        if (method === 'PUT') await view.getObject?.();
        const { fields } = view.getSerializer();
        if (fields !== undefined) actions[method] = fields;
      } catch (error) {
        if (!isRefusal(error)) throw error;
      } finally {
        view.request = request;
      }
    }
    return actions;
  }
}

function hasSerializer(view: APIView): view is ViewWithSerializer {
  return 'getSerializer' in view && typeof view.getSerializer === 'function';
}

function isRefusal(error: unknown): boolean {
  return isAPIException(error) || isHttp404(error) || isDjangoPermissionDenied(error);
}
