import { APIView, defineSettings, Response } from 'sallyport';
import type { Params, Request, SettingsInput, ViewClass, ViewResult } from 'sallyport';
import { errorLog } from '../support/server';

/** Errors that tests mean to happen, kept off the output. */
export const { logger } = errorLog();

/** A view of which GET, POST and DELETE are `work`; what that answers is wrapped in a `Response` if it is none. */
export function viewOf(
  work: (request: Request, params: Params) => unknown,
  options: SettingsInput = {},
  name = 'Worker',
): ViewClass {
  const settings = defineSettings({ defaultAuthenticationClasses: [], logger, ...options });
  class Worker extends APIView {
    static override settings = settings;
    override async get(request: Request, params: Params): Promise<ViewResult> {
      const answer = await work(request, params);
      return answer instanceof Response || answer instanceof globalThis.Response ? answer : new Response(answer);
    }
    override post(request: Request, params: Params): Promise<ViewResult> {
      return this.get(request, params);
    }
    override delete(request: Request, params: Params): Promise<ViewResult> {
      return this.get(request, params);
    }
  }
  return Object.defineProperty(Worker, 'name', { value: name });
}
