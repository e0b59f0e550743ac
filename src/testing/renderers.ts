import type { RendererContext } from '../core/renderers';
import type { Settings } from '../core/settings';

/** Turns the data of a test into the body of a request. The library's own synchronous renderers fit too. */
export interface TestRequestRenderer {
  /** The value of `Content-Type`, to which the charset is added if there is one. */
  readonly mediaType: string;
  /** The word for it in the option `format`. */
  readonly format: string | null;
  readonly charset: string | null;
  render(data: unknown, mediaType: string, context: RendererContext): string | Uint8Array | Blob | null;
}

type Part = string | Blob;

/**
 * `multipart/form-data` from an object of fields: a list is a field that is there several times, a `File` or `Blob` an
 * upload.
 */
export class MultiPartRenderer implements TestRequestRenderer {
  readonly boundary: string = 'BoUnDaRyStRiNg';
  readonly format: string = 'multipart';
  readonly charset: string = 'utf-8';

  constructor(protected readonly settings: Settings) {}

  get mediaType(): string {
    return `multipart/form-data; boundary=${this.boundary}`;
  }

  /** @throws TypeError for null and for objects, which a form can't express */
  render(data: unknown): Blob {
    if (data === null || typeof data !== 'object' || Array.isArray(data)) {
      throw new TypeError(
        "A form is made from an object of fields. You may want to use format: 'json' in this test case.",
      );
    }
    const parts: Part[] = [];
    for (const [name, value] of Object.entries(data)) {
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
        parts.push(`--${this.boundary}\r\n`, ...this.renderField(name, item), '\r\n');
      }
    }
    return new Blob([...parts, `--${this.boundary}--\r\n`]);
  }

  private renderField(name: string, value: unknown): Part[] {
    const disposition = `Content-Disposition: form-data; name="${escapeName(name)}"`;
    if (value instanceof Blob) {
      const fileName = value instanceof File ? value.name : 'blob';
      const type = value.type === '' ? 'application/octet-stream' : value.type;
      return [`${disposition}; filename="${escapeName(fileName)}"\r\nContent-Type: ${type}\r\n\r\n`, value];
    }
    return [`${disposition}\r\n\r\n`, fieldText(name, value)];
  }
}

function fieldText(name: string, value: unknown): string {
  if (value === null || value === undefined) {
    throw new TypeError(
      `Cannot encode ${String(value)} for key '${name}' as form data. Did you mean to pass an empty string or omit the value?`,
    );
  }
  const text = scalarText(value);
  if (text !== null) return text;
  throw new TypeError(
    `Test data contained a dictionary value for key '${name}', but multipart uploads do not support nested data. You may want to consider using format: 'json' in this test case.`,
  );
}

/** The text of a single value; null for what is none. */
export function scalarText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : null;
}

/** As browsers write the names of fields and files (HTML, "multipart form data"). */
function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}
