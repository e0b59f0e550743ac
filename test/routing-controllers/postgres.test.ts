import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { Authorized, CurrentUser, Get, JsonController, Post, useExpressServer } from 'routing-controllers';
import {
  APIView,
  authtoken,
  defineSettings,
  IsAuthenticated,
  permissionClasses,
  TokenAuthentication,
  User,
  ValidationError,
} from 'sallyport';
import type { Handler, Settings } from 'sallyport';
import { tokenStore, TokenSchema, unitOfWork, userStore, UserSchema } from 'sallyport/mikro-orm';
import { apiView, createBridge, currentView } from 'sallyport/routing-controllers';
import { openOrm } from '../mikro-orm/support';
import type { TestOrm } from '../mikro-orm/support';
import { serve } from '../support/server';
import type { TestServer } from '../support/server';

let test: TestOrm;
let server: TestServer;
let headers: { Authorization: string };

/** The base view of the app; its settings are known when the database is. */
abstract class AppView extends APIView<User> {}

@JsonController('/ordinary')
class Ordinary {
  @Get('/')
  @Authorized()
  get(
    @CurrentUser() user: User,
    @CurrentUser({ required: true }) again: User,
    @currentView() view: AppView,
  ): unknown[] {
    return [user.username, user === again, user === view.request.user];
  }
}

function guardedController(settings: Settings): new () => object {
  @JsonController('/guarded')
  class Guarded {
    @Get('/')
    @Authorized()
    @apiView(['GET'], { extends: AppView, settings })
    @permissionClasses([IsAuthenticated])
    get(@CurrentUser() user: User): string {
      return user.username;
    }

    @Post('/kept')
    @apiView(['POST'], { extends: AppView, settings })
    kept(@CurrentUser() user: User): string {
      user.lastName = 'kept';
      return user.lastName;
    }

    @Post('/undone')
    @apiView(['POST'], { extends: AppView, settings })
    async undone(@CurrentUser() user: User): Promise<never> {
      user.lastName = 'undone';
      await test.orm.em.flush();
      throw new ValidationError({ name: ['Taken.'] });
    }
  }
  return Guarded;
}

beforeAll(async () => {
  test = await openOrm([UserSchema, TokenSchema]);
  const tokens = tokenStore(test.orm);
  const users = userStore(test.orm);
  const user = await users.createUser({ username: 'ann' });
  const [token] = await tokens.getOrCreate(user);
  headers = { Authorization: `Token ${token.key}` };
  const settings = defineSettings(
    {
      users,
      defaultAuthenticationClasses: [TokenAuthentication],
      aroundDispatch: unitOfWork(test.orm, { atomicRequests: true }),
    },
    authtoken({ store: tokens }),
  );
  const app = express();
  useExpressServer(app, {
    controllers: [Ordinary, guardedController(settings)],
    ...createBridge({ extends: AppView, settings }),
  });
  server = await serve(app as unknown as Handler);
});
afterAll(async () => {
  await server.close();
  await test.close();
});

const lastName = async (): Promise<unknown> => (await test.sql('SELECT last_name FROM auth_user'))[0]?.['last_name'];

describe('with MikroORM', () => {
  it.each([
    ['/ordinary', ['ann', true, true]],
    ['/guarded', 'ann'],
  ])('a request is one look-up, whoever asks for the user: %s', async (path, body) => {
    test.statements();
    const answer = await server.request({ path, headers });
    expect([answer.status, answer.json]).toEqual([200, body]);
    expect(test.statements()).toEqual([expect.stringMatching(/^select .* from "authtoken_token"/i)]);
  });

  it('a guarded method writes in the transaction of its request', async () => {
    const kept = await server.request({ path: '/guarded/kept', method: 'POST', headers });
    expect([kept.status, await lastName()]).toEqual([200, 'kept']);
    const undone = await server.request({ path: '/guarded/undone', method: 'POST', headers });
    expect([undone.status, undone.json, await lastName()]).toEqual([400, { name: ['Taken.'] }, 'kept']);
  });
});
