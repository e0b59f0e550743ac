import { describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  APIView,
  BasePermission,
  defineSettings,
  Http404,
  JSONParser,
  JSONRenderer,
  PermissionDenied,
  Response,
} from 'sallyport';
import type { DescribedSerializer, FieldInfo, Request } from 'sallyport';
import { call, errorLog } from '../support/server';

const title: FieldInfo = { type: 'string', required: true, read_only: false, label: 'Title' };

class OnlyPost extends BasePermission {
  override hasPermission(request: Request): boolean {
    return ['OPTIONS', 'POST'].includes(request.method);
  }
}

class Notes extends APIView {
  static override settings = defineSettings({
    defaultPermissionClasses: [AllowAny],
    defaultParserClasses: [JSONParser],
    defaultRendererClasses: [JSONRenderer],
  });

  override get(): Response {
    return new Response();
  }
  override post(): Response {
    return new Response();
  }
  override put(): Response {
    return new Response();
  }
  getSerializer(): Partial<DescribedSerializer> {
    return { fields: { title } };
  }
}

async function actionsOf(view: typeof Notes): Promise<unknown> {
  const answer = await call(view.asView(), { method: 'OPTIONS' });
  expect(answer.status).toBe(200);
  return answer.json.actions;
}

describe('what OPTIONS tells of the fields of a view', () => {
  it('D-328, D-329: those of PUT and POST, after everything else', async () => {
    expect(await actionsOf(Notes)).toEqual({ PUT: { title }, POST: { title } });
    const { json } = await call(Notes.asView(), { method: 'OPTIONS' });
    expect(Object.keys(json)).toEqual(['name', 'description', 'renders', 'parses', 'actions']);
  });

  it('D-329: not those of a method that the user may not do', async () => {
    class Guarded extends Notes {
      static override permissionClasses = [OnlyPost];
    }
    expect(await actionsOf(Guarded)).toEqual({ POST: { title } });
  });

  it.each([new Http404(), new PermissionDenied()])(
    'D-329: not those of PUT where the object answers %s',
    async (error) => {
      class Detail extends Notes {
        getObject(): never {
          throw error;
        }
      }
      expect(await actionsOf(Detail)).toEqual({ POST: { title } });
    },
  );

  it('D-328: nothing where no method is left, and nothing where the serializer tells no fields', async () => {
    class Closed extends Notes {
      override getSerializer(): never {
        throw new PermissionDenied();
      }
    }
    class Silent extends Notes {
      override getSerializer(): Partial<DescribedSerializer> {
        return {};
      }
    }
    expect(await actionsOf(Closed)).toBeUndefined();
    expect(await actionsOf(Silent)).toBeUndefined();
  });

  it('D-329: the view has its own request again afterwards', async () => {
    const methods: string[] = [];
    class Watching extends Notes {
      override getSerializer(): Partial<DescribedSerializer> {
        methods.push(this.request.method);
        return { fields: {} };
      }
      override async options(request: Request): Promise<Response> {
        const answer = await super.options(request, {});
        methods.push(this.request.method);
        return answer as Response;
      }
    }
    await call(Watching.asView(), { method: 'OPTIONS' });
    expect(methods).toEqual(['PUT', 'POST', 'OPTIONS']);
  });

  it('a bug in the serializer is a 500 and not an empty answer', async () => {
    const log = errorLog();
    class Broken extends Notes {
      static override settings = defineSettings({ logger: log.logger });
      override getSerializer(): never {
        throw new Error('broken');
      }
    }
    expect((await call(Broken.asView(), { method: 'OPTIONS' })).status).toBe(500);
  });
});
