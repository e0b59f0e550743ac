import { exceptionHandler, type ExceptionContext } from './exception-handler';
import { ErrorDetail, type ErrorTree } from './exceptions';
import { Response } from './response';

/** An error as RFC 9457 describes one. */
export interface ProblemDetails {
  /** `about:blank`: the problem is what the status says. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** DRF's code, where there is one for the whole. */
  readonly code?: string;
  /** Texts by field, or a list of texts. */
  readonly errors?: ErrorTree;
}

/**
 * An exception handler that answers with problem details (RFC 9457) in place of DRF's form: put it into the setting
 * `exceptionHandler`.
 */
export function problemDetailsHandler(error: unknown, context: ExceptionContext): Response<ProblemDetails> | null {
  const answer = exceptionHandler(error, context);
  if (answer === null) return null;
  const { status } = answer;
  const detail = (answer.data as { detail?: unknown } | null)?.detail;
  return new Response<ProblemDetails>(
    { type: 'about:blank', title: answer.statusText, status, ...explain(detail, answer.data as ErrorTree) },
    { status, headers: answer.headers, contentType: 'application/problem+json' },
  );
}

function explain(detail: unknown, data: ErrorTree): Pick<ProblemDetails, 'detail' | 'code' | 'errors'> {
  if (detail instanceof ErrorDetail) return { detail: String(detail), code: detail.code };
  return { errors: data };
}
