import { isFormMediaType } from '../../core/parsers';
import type { RequestHead } from '../../core/request-head';
import type { QueryDict } from '../../http/query';

/** The field of a form that the host has parsed; null where there is none. In JSON it doesn't count. */
export function hostField({ raw, contentType }: RequestHead, name: string): string | null {
  if (!isFormMediaType(contentType) || typeof raw.body !== 'object' || raw.body === null) return null;
  const field: unknown = Object.hasOwn(raw.body, name) ? Reflect.get(raw.body, name) : null;
  return typeof field === 'string' ? field : null;
}

/** The field of a form whose body was loaded, whoever has parsed it; null where there is none. */
export function formField(request: RequestHead & { readonly POST: QueryDict }, name: string): string | null {
  return request.POST.get(name) ?? hostField(request, name);
}
