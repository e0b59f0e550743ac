import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  AnonymousUser,
  APIView,
  BaseBackend,
  defineSettings,
  DjangoModelPermissions,
  DjangoModelPermissionsOrAnonReadOnly,
  DjangoObjectPermissions,
  ImproperlyConfigured,
  ModelBackend,
  not,
  Response,
} from 'sallyport';
import type {
  AuthenticationClasses,
  Authenticator,
  BaseUser,
  ModelSource,
  Permission,
  PermissionClasses,
  PermissionUser,
  PermsMap,
  PolicyClass,
  Request,
  Settings,
  User,
} from 'sallyport';
import {
  APIRequestFactory,
  callView,
  fastPasswordHashers,
  forceAuthenticate,
  MemoryUserStore,
} from 'sallyport/testing';
import type { TestResponse } from 'sallyport/testing';

/** An entity class of an app that carries its names. */
class Note {
  static readonly appLabel = 'notes';
  static readonly modelName = 'note';
}

/** What users may do with single notes: the texts `name: permission`. */
class NoteBackend extends BaseBackend<User> {
  readonly granted = new Set<string>();

  override hasPerm(user: PermissionUser, perm: string, obj?: unknown): boolean {
    return obj instanceof Note && this.granted.has(`${(user as User).username}: ${perm}`);
  }
}

let users: MemoryUserStore;
let settings: Settings;
let notes: NoteBackend;
let ann: User;

beforeEach(async () => {
  notes = new NoteBackend();
  users = new MemoryUserStore({
    hashers: fastPasswordHashers,
    backends: (store) => [new ModelBackend(store), notes],
  });
  settings = defineSettings({ users });
  ann = await users.createUser({ username: 'ann' });
});

/** Has a challenge, so that a refusal of anonymous requests is seen as 401. */
class Challenge implements Authenticator {
  authenticate(): null {
    return null;
  }
  authenticateHeader(): string {
    return 'Basic';
  }
}

/** A view on notes for each method, whose object is one note. */
abstract class NoteView extends APIView {
  static override authenticationClasses: AuthenticationClasses = [Challenge];
  override async get(request: Request): Promise<Response> {
    await this.checkObjectPermissions(request, new Note());
    return new Response('seen');
  }
  override post(request: Request): Promise<Response> {
    return this.get(request);
  }
  override put(request: Request): Promise<Response> {
    return this.get(request);
  }
  override patch(request: Request): Promise<Response> {
    return this.get(request);
  }
  override delete(request: Request): Promise<Response> {
    return this.get(request);
  }
  override trace(request: Request): Promise<Response> {
    return this.get(request);
  }
}

function viewOf(permission: PolicyClass<Permission>, queryset: ModelSource | null = Note): typeof NoteView {
  return class extends NoteView {
    static override settings = settings;
    static readonly queryset = queryset;
    static override permissionClasses: PermissionClasses = [permission];
  };
}

async function send(view: typeof NoteView, method: string, user: BaseUser | null = ann): Promise<TestResponse> {
  const request = new APIRequestFactory().generic(method, '/');
  if (user !== null) forceAuthenticate(request, { user });
  return callView((view as typeof NoteView & (new () => NoteView)).asView(), request);
}
const statusOf = async (...args: Parameters<typeof send>): Promise<number> => (await send(...args)).status;

const READING = ['GET', 'HEAD', 'OPTIONS'];
const NEEDS = { POST: 'add', PUT: 'change', PATCH: 'change', DELETE: 'delete' };

describe('DjangoModelPermissions', () => {
  it('asks nothing of users who read (D-221)', async () => {
    for (const method of READING) expect(await statusOf(viewOf(DjangoModelPermissions), method)).toBe(200);
  });

  it.each(Object.entries(NEEDS))(
    'asks for the right permission: %s needs %s (D-221, A-024)',
    async (method, action) => {
      const view = viewOf(DjangoModelPermissions);
      users.permissions.setOfUser(
        ann,
        Object.values(NEEDS)
          .filter((other) => other !== action)
          .map((other) => `notes.${other}_note`),
      );
      expect(await statusOf(view, method)).toBe(403);
      users.permissions.setOfUser(ann, [`notes.${action}_note`]);
      expect(await statusOf(view, method)).toBe(200);
    },
  );

  it('takes the permission of no other model', async () => {
    const view = viewOf(DjangoModelPermissions, { appLabel: 'notes', modelName: 'draft' });
    users.permissions.setOfUser(ann, ['notes.add_note', 'drafts.add_draft', 'notes.add_drafts']);
    expect(await statusOf(view, 'POST')).toBe(403);
    users.permissions.setOfUser(ann, ['notes.add_draft']);
    expect(await statusOf(view, 'POST')).toBe(200);
  });

  it('refuses requests without a user, before it looks for the model (D-222, D-223)', async () => {
    for (const method of [...READING, 'POST']) {
      expect(await statusOf(viewOf(DjangoModelPermissions, null), method, null)).toBe(401);
    }
    settings = defineSettings({ users, unauthenticatedUser: null });
    expect(await statusOf(viewOf(DjangoModelPermissions, null), 'GET', null)).toBe(401);
  });

  it('lets everybody pass who is known where the view asks to be left out (D-222)', async () => {
    class Root extends viewOf(DjangoModelPermissions, null) {
      static readonly _ignoreModelPermissions = true;
    }
    expect(await statusOf(Root, 'POST')).toBe(200);
    expect(await statusOf(Root, 'POST', null)).toBe(401);
  });

  it('refuses a method that it knows nothing of with 405 (D-225)', async () => {
    for (const method of ['TRACE', 'constructor']) {
      expect(() => new DjangoModelPermissions(settings).getRequiredPermissions(method, Note)).toThrow(
        `Method "${method}" not allowed.`,
      );
    }
    expect(await statusOf(viewOf(DjangoModelPermissions), 'TRACE')).toBe(405);
  });

  it('can ask for other permissions', async () => {
    class Strict extends DjangoModelPermissions {
      override readonly permsMap: PermsMap = { GET: ['%(app_label)s.view_%(model_name)s', 'archive.open_$&'] };
    }
    expect(new Strict(settings).getRequiredPermissions('GET', { appLabel: '$&', modelName: 'note' })).toEqual([
      '$&.view_note',
      'archive.open_$&',
    ]);
    users.permissions.setOfUser(ann, ['notes.view_note']);
    expect(await statusOf(viewOf(Strict), 'GET')).toBe(403);
    users.permissions.setOfUser(ann, ['notes.view_note', 'archive.open_$&']);
    expect(await statusOf(viewOf(Strict), 'GET')).toBe(200);
  });

  it('waits for the user where authentication is lazy', async () => {
    class ByHeader implements Authenticator {
      async authenticate(): Promise<readonly [User, null]> {
        return [ann, null];
      }
    }
    settings = defineSettings({ users, authenticationMode: 'lazy' });
    class Lazy extends viewOf(DjangoModelPermissions) {
      static override authenticationClasses: AuthenticationClasses = [ByHeader];
    }
    expect(await statusOf(Lazy, 'POST', null)).toBe(403);
    users.permissions.setOfUser(ann, ['notes.add_note']);
    expect(await statusOf(Lazy, 'POST', null)).toBe(200);
  });

  describe('finds the model', () => {
    it('by a method of the view, before the field (D-224)', async () => {
      class Chosen extends viewOf(DjangoModelPermissions) {
        async getQueryset(): Promise<ModelSource> {
          return { appLabel: 'notes', modelName: this.request.headers.get('X-Model') ?? 'draft' };
        }
      }
      users.permissions.setOfUser(ann, ['notes.add_draft']);
      expect(await statusOf(Chosen, 'POST')).toBe(200);
    });

    it('or says how to name it (D-224)', async () => {
      class NoteList extends viewOf(DjangoModelPermissions, null) {}
      await expect(send(NoteList, 'GET')).rejects.toThrow(ImproperlyConfigured);
      await expect(send(NoteList, 'GET')).rejects.toThrow(
        'Cannot apply DjangoModelPermissions on a view that does not set `.queryset` or have a `.getQueryset()` method.',
      );
      class Empty extends viewOf(DjangoModelPermissions) {
        getQueryset(): null {
          return null;
        }
      }
      await expect(send(Empty, 'GET')).rejects.toThrow('Empty.getQueryset() returned null');
    });

    it('never on an instance, where a subclass would think it has changed it', async () => {
      class Drafts extends viewOf(DjangoModelPermissions) {
        readonly queryset: ModelSource = { appLabel: 'notes', modelName: 'draft' };
      }
      await expect(send(Drafts, 'GET')).rejects.toThrow('Drafts.queryset belongs to the class.');
      class Open extends viewOf(DjangoModelPermissions) {
        get _ignoreModelPermissions(): boolean {
          return true;
        }
      }
      await expect(send(Open, 'GET')).rejects.toThrow('Open._ignoreModelPermissions belongs to the class.');
    });
  });

  it('tells a developer whose users can not be asked', async () => {
    const plain: BaseUser = { pk: 1, isActive: true, isAuthenticated: true };
    await expect(send(viewOf(DjangoModelPermissions), 'POST', plain)).rejects.toThrow(
      "A user of the class Object can't be asked for permissions.",
    );
  });
});

describe('DjangoModelPermissionsOrAnonReadOnly', () => {
  it('lets anybody read, and asks all others (D-226)', async () => {
    const view = viewOf(DjangoModelPermissionsOrAnonReadOnly);
    for (const method of READING) expect(await statusOf(view, method, null)).toBe(200);
    for (const method of Object.keys(NEEDS)) {
      expect(await statusOf(view, method, null)).toBe(401);
      expect(await statusOf(view, method)).toBe(403);
    }
    users.permissions.setOfUser(ann, ['notes.add_note']);
    expect(await statusOf(view, 'POST')).toBe(200);
  });

  it('grants nothing to the anonymous user of an inactive session or a stranger', async () => {
    users.permissions.setOfUser({ ...ann, pk: null } as never, ['notes.add_note']);
    expect(await statusOf(viewOf(DjangoModelPermissionsOrAnonReadOnly), 'POST', new AnonymousUser() as never)).toBe(
      403,
    );
  });
});

describe('DjangoObjectPermissions', () => {
  class Restricted extends DjangoObjectPermissions {
    override readonly permsMap: PermsMap = {
      ...new DjangoObjectPermissions(settings).permsMap,
      GET: ['notes.view_note'],
    };
  }
  const allow = (...permissions: string[]): void => {
    for (const permission of permissions) notes.granted.add(`ann: ${permission}`);
  };

  it('asks for the permission on the model first (D-227)', async () => {
    allow('notes.change_note');
    const answer = await send(viewOf(DjangoObjectPermissions), 'PUT');
    expect(answer.status).toBe(403);
  });

  it('asks for the permission on the object too (D-227)', async () => {
    users.permissions.setOfUser(ann, ['notes.change_note']);
    expect(await statusOf(viewOf(DjangoObjectPermissions), 'PUT')).toBe(403);
    allow('notes.change_note');
    expect(await statusOf(viewOf(DjangoObjectPermissions), 'PUT')).toBe(200);
  });

  it('lets everybody read who is known, with the default map', async () => {
    for (const method of READING) expect(await statusOf(viewOf(DjangoObjectPermissions), method)).toBe(200);
    expect(await statusOf(viewOf(DjangoObjectPermissions), 'GET', null)).toBe(401);
  });

  it('hides an object from who may not read it: 404 (D-228)', async () => {
    users.permissions.setOfUser(ann, ['notes.view_note', 'notes.change_note']);
    expect(await statusOf(viewOf(Restricted), 'GET')).toBe(404);
    expect(await statusOf(viewOf(Restricted), 'PUT')).toBe(404);
  });

  it('refuses with 403 who may read it but not change it (D-228)', async () => {
    users.permissions.setOfUser(ann, ['notes.view_note', 'notes.change_note']);
    allow('notes.view_note');
    expect(await statusOf(viewOf(Restricted), 'GET')).toBe(200);
    expect(await statusOf(viewOf(Restricted), 'PUT')).toBe(403);
  });

  it('lets superusers pass', async () => {
    const root = await users.createSuperuser({ username: 'root' });
    for (const method of ['GET', ...Object.keys(NEEDS)])
      expect(await statusOf(viewOf(Restricted), method, root)).toBe(200);
  });

  it('can ask for other permissions on the object than on the model', async () => {
    class Owned extends DjangoObjectPermissions {
      override getRequiredObjectPermissions(): string[] {
        return ['notes.own_note'];
      }
    }
    allow('notes.own_note');
    users.permissions.setOfUser(ann, ['notes.change_note']);
    expect(await statusOf(viewOf(Owned), 'PUT')).toBe(200);
  });

  it('opens nothing for a request without a user, also below `not`', async () => {
    settings = defineSettings({ users, unauthenticatedUser: null });
    await expect(send(viewOf(not(DjangoObjectPermissions)), 'GET', null)).rejects.toThrow(/class null can't be asked/);
  });

  it('finds the model for each check (D-224)', async () => {
    const View = viewOf(DjangoObjectPermissions, null) as never as new () => APIView;
    const view = new View();
    const request = view.initializeRequest(new APIRequestFactory().get('/'), {});
    request.user = ann;
    const permission = new DjangoObjectPermissions(settings);
    await expect(permission.hasObjectPermission(request, view, new Note())).rejects.toThrow(ImproperlyConfigured);
  });
});
