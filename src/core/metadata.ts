import type { Awaitable } from './policy';
import type { Request } from './request';
import type { Settings } from './settings';
import type { APIView } from './views';

/** What OPTIONS answers. */
export interface Metadata {
  determineMetadata(request: Request, view: APIView): Awaitable<unknown>;
}

export abstract class BaseMetadata implements Metadata {
  constructor(protected readonly settings: Settings) {}
  abstract determineMetadata(request: Request, view: APIView): Awaitable<unknown>;
}

/** The view's name and description, and the media types that it renders and parses. */
export class SimpleMetadata extends BaseMetadata {
  determineMetadata(_request: Request, view: APIView): Awaitable<unknown> {
    return {
      name: view.getViewName(),
      description: view.getViewDescription(),
      renders: view.getRenderers().map((renderer) => renderer.mediaType),
      parses: view.getParsers().map((parser) => parser.mediaType),
    };
  }
}
